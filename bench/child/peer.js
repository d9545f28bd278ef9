// A fresh process in which one library copies a directory: peer.js LIBRARY FROM TO
import fs from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { importEngine } from './operations.js';
import { peakBytes } from './peak-bytes.js';
import { copyDir, emptyDir } from './vite-copy.js';

const libraries = {
  async ours(from, to) {
    const { copy } = await importEngine();
    const { methods } = await copy({ from, to }, { manifest: `${to}.manifest` });
    return methods;
  },
  async "Vite's copy"(from, to) {
    if (fs.existsSync(to)) emptyDir(to);
    copyDir(from, to);
  },
  'fs.cp': (from, to) => fs.promises.cp(from, to, { recursive: true }),
  async 'fs.cpSync'(from, to) {
    fs.cpSync(from, to, { recursive: true });
  },
  async 'fs-extra'(from, to) {
    const { default: extra } = await import('fs-extra');
    await extra.copy(from, to);
  },
  async cpy(from, to) {
    const { default: cpy } = await import('cpy');
    await cpy('**', to, { cwd: from, dot: true });
  },
  async '@reflink/reflink'(from, to) {
    const { default: reflink } = await import('@reflink/reflink');
    await reflinkTree(reflink, from, to);
  },
};

/** As package managers use it: some files at a time, and a copy where there is no clone. */
async function reflinkTree({ reflinkFile }, from, to) {
  fs.mkdirSync(to, { recursive: true });
  const files = [];
  for (const entry of fs.readdirSync(from, { recursive: true, withFileTypes: true })) {
    const target = `${to}${entry.parentPath.slice(from.length)}/${entry.name}`;
    if (entry.isDirectory()) fs.mkdirSync(target, { recursive: true });
    else files.push([`${entry.parentPath}/${entry.name}`, target]);
  }
  const waiting = files.values();
  const work = async () => {
    for (const [source, target] of waiting) {
      fs.rmSync(target, { force: true });
      try {
        await reflinkFile(source, target);
      } catch {
        await fs.promises.copyFile(source, target);
      }
    }
  };
  await Promise.all(Array.from({ length: 16 }, work));
}

const [library, from, to] = process.argv.slice(2);
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
// What the start of the process did to the thread is not the library's doing.
await sleep(5);
delay.reset();
await sleep(5);
const start = performance.now();
const methods = await libraries[library](from, to);
const ms = performance.now() - start;
// What held the thread up is noticed at the next turn.
await sleep(5);
const answer = { ms, methods, gapMs: delay.max / 1e6, peakBytes: peakBytes() };
process.stdout.write(JSON.stringify(answer));
