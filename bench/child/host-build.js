// A fresh process that builds one page with one bundler: host-build.js HOST VARIANT ROOT OUT
import { hosts } from './hosts.js';
import { cpuMs, peakBytes } from './usage.js';

const [host, variant, root, out] = process.argv.slice(2);
// As in a project: Rollup's host keeps its records below the current directory.
process.chdir(root);
const build = await hosts[host].load();
const cpuBefore = cpuMs();
const start = performance.now();
await build({ variant, root, out, publicDir: `${root}/public` });
const ms = performance.now() - start;
process.stdout.write(JSON.stringify({ ms, cpuMs: cpuMs() - cpuBefore, peakBytes: peakBytes() }));
