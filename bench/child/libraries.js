// What copies a directory, by name: each imports what it needs when it is called, so that the import is measured.
import fs from 'node:fs';
import os from 'node:os';
import { copyDir, emptyDir } from './vite-copy.js';

export const importEngine = () => import(process.env.REFLINK_BENCH_ENGINE ?? 'fs-reflink');

/** Worker threads that stand ready, as many as copies run on by default. */
export async function bootWorkers() {
  const host = process.env.REFLINK_BENCH_ENGINE?.replace('index', 'host') ?? 'fs-reflink/host';
  const { prepareCopies } = await import(host);
  const copies = prepareCopies({ workers: Math.min(os.availableParallelism(), 8) });
  await copies.ready;
  return copies;
}

export const libraries = {
  ours: (from, to) => ours(from, to, { manifest: `${to}.manifest` }),
  'ours, no manifest': (from, to) => ours(from, to),
  "ours, overwrite: 'changed'": (from, to) => ours(from, to, { overwrite: 'changed' }),
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

async function ours(from, to, options) {
  const { copy } = await importEngine();
  const { methods } = await copy({ from, to }, options);
  return methods;
}

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
