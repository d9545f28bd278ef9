// Copies very many files, and says what it took.
import { copy } from 'fs-reflink';

const { cwd, from, to, options } = JSON.parse(process.argv[2]);
const { files, unchanged } = await copy({ from, to }, { cwd, ...options });
const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
const perFile = (userCPUTime + systemCPUTime) / Math.max(files, unchanged);
process.stdout.write(JSON.stringify({ files, unchanged, perFile, rss: maxRSS * 1024 }));
