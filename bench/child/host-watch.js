// A process that watches: host-watch.js HOST CHANGE ROOT OUT. Times how long one change takes to arrive, where
// CHANGE is what is changed: `bundle` (a module, without any copying) or `asset` (a public file, with the plugin).
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { watchers } from './watchers.js';

const [host, change, root, out] = process.argv.slice(2);
// As in a project: Rollup's host keeps its records below the current directory.
process.chdir(root);
const publicDir = path.join(root, 'public');
const asset = fs
  .readdirSync(publicDir, { recursive: true })
  .filter((name) => fs.statSync(path.join(publicDir, name)).isFile())
  .sort()[100];
const [source, output] =
  change === 'asset'
    ? [path.join(publicDir, asset), path.join(out, asset)]
    : [path.join(root, 'marker.js'), undefined];
const original = fs.readFileSync(source);
const watcher = await watchers[host]({ variant: change === 'asset' ? 'ours' : 'none', root, out, publicDir });
await sleep(300);
const times = [];
for (let turn = 0; turn < 5; turn++) {
  const stamp = `/*${turn}-${Date.now()}*/`;
  const built = watcher.nextBuild();
  const start = performance.now();
  fs.writeFileSync(source, stamp);
  await built;
  times.push(performance.now() - start);
  if (output && fs.readFileSync(output, 'utf8') !== stamp)
    throw new Error(`${output} is not what was written`);
  await sleep(300);
}
await watcher.close();
fs.writeFileSync(source, original);
process.stdout.write(JSON.stringify({ ms: times.sort((a, b) => a - b)[2] }));
process.exit();
