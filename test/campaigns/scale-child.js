// Copies very many files, and writes the time and memory that this took. Needs `--expose-gc`.
import { copy } from 'fs-reflink';

const { cwd, from, to, options } = JSON.parse(process.argv[2]);
const { files, unchanged } = await copy({ from, to }, { cwd, ...options });
const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
const seen = Math.max(files, unchanged);
globalThis.gc();
const live = process.memoryUsage().heapUsed;
process.stdout.write(
  JSON.stringify({
    files,
    unchanged,
    user: userCPUTime / seen,
    system: systemCPUTime / seen,
    live,
    rss: maxRSS * 1024,
  }),
);
