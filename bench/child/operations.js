import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { greatestGap } from './greatest-gap.js';
import { bootWorkers, importEngine } from './libraries.js';
import { copyDir, emptyDir } from './vite-copy.js';

/** What a child process can be told to do. `ms` is timed inside; whatever is left out of it is preparation. */
export const operations = {
  /** The import counts: it is part of what a process pays that has not used the engine before. */
  async ours({ from, to }) {
    const start = performance.now();
    const { copy } = await importEngine();
    const report = await copy({ from, to });
    return { ms: performance.now() - start, methods: report.methods };
  },

  /** Workers stand ready, and have copied nothing yet: what the first build of a process finds. */
  async oursFirst({ from, to }) {
    const copies = await bootWorkers();
    const { ms, result } = await timed(() => copies.start({ from, to }));
    await copies.dispose();
    return { ms, methods: result.methods };
  },

  /** What a process comes to that copies again and again: its workers and their code are warm. */
  async oursThird({ from, to }) {
    const copies = await bootWorkers();
    for (const time of [1, 2]) await copies.start({ from, to: `${to}-${time}` });
    execFileSync('sync', ['-f', dirname(to)]);
    const { ms, result } = await timed(() => copies.start({ from, to }));
    await copies.dispose();
    return { ms, methods: result.methods };
  },

  async oursTwice({ from, to }) {
    const { copy } = await importEngine();
    const options = { manifest: `${to}.manifest` };
    const first = await timed(() => copy({ from, to }, options));
    const second = await timed(() => copy({ from, to }, options));
    if (second.result.files !== 0)
      throw new Error(`${second.result.files} unchanged files were copied again`);
    return { ms: second.ms, firstMs: first.ms, unchanged: second.result.unchanged };
  },

  async oursWatched({ from, to }) {
    const { copy } = await importEngine();
    return { gapMs: await greatestGap(() => copy({ from, to })) };
  },

  async onlyImport() {
    await importEngine();
    return {};
  },

  async vite({ from, to }) {
    const { ms } = await timed(() => copyDir(from, to));
    return { ms };
  },

  async viteAgain({ from, to }) {
    copyDir(from, to);
    const { ms } = await timed(() => {
      emptyDir(to);
      copyDir(from, to);
    });
    return { ms };
  },

  async viteWatched({ from, to }) {
    return { gapMs: await greatestGap(() => copyDir(from, to)) };
  },

  /** The same amount of work by another program: what the machine's load alone does to this thread. */
  async besideCp({ from, to }) {
    const program = spawn('cp', ['-r', from, to], { stdio: 'inherit' });
    return { gapMs: await greatestGap(() => once(program, 'exit')) };
  },
};

async function timed(work) {
  const start = performance.now();
  const result = await work();
  return { ms: performance.now() - start, result };
}
