// Runs the given copy in a process in which some system calls fail, and writes the result.
import { copy } from 'fs-reflink';

const { targets, options } = JSON.parse(process.argv[2]);
const answer = await copy(targets, options).then(
  ({ files, warnings }) => ({ files, warnings }),
  ({ name, code, message }) => ({ error: { name, code, message } }),
);
process.stdout.write(JSON.stringify(answer));
