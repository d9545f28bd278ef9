// Copies as it is told, in a process some of whose system calls fail, and says what came of it.
import { copy } from 'fs-reflink';

const { targets, options } = JSON.parse(process.argv[2]);
const answer = await copy(targets, options).then(
  ({ files, warnings }) => ({ files, warnings }),
  ({ name, code, message }) => ({ error: { name, code, message } }),
);
process.stdout.write(JSON.stringify(answer));
