// A process that keeps one esbuild context: host-rebuild.js VARIANT ROOT OUT. Times the rebuild with nothing changed.
import { context } from 'esbuild';
import { esbuildOptions } from './hosts.js';

const [variant, root, out] = process.argv.slice(2);
// As in a project: Rollup's host keeps its records below the current directory.
process.chdir(root);
const held = await context(await esbuildOptions({ variant, root, out, publicDir: `${root}/public` }));
await held.rebuild();
const times = [];
for (let time = 0; time < 5; time++) {
  const start = performance.now();
  await held.rebuild();
  times.push(performance.now() - start);
}
await held.dispose();
process.stdout.write(JSON.stringify({ ms: times.sort((a, b) => a - b)[2] }));
