import { droppingBrokenPipes } from './output.ts';
import { runProgram } from './program.ts';

droppingBrokenPipes();
const status = await runProgram(process.argv.slice(2));
// Not process.exit(), because output may still be on its way into a pipe.
if (status !== 0) process.exitCode = status;
