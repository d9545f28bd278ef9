import { getEventListeners } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CopyOptions, copy, copyFile, copyFileSync, type Target } from 'fs-reflink';
import { describe, expect, it } from 'vitest';
import { writeTree } from '../support/trees.ts';
import { bootWorkers } from '../support/workers.ts';
import { contentsOf, filesOf, fill, inProcess, leavingNothing, refusal, workspace } from './support.ts';

/** The file is larger than any part that a system call copies at once. */
function preparedLarge(): string {
  const cwd = writeTree(workspace(), { 'out/large': 'old' });
  writeFileSync(join(cwd, 'large'), Buffer.alloc(70 * 1024 * 1024, 1));
  return cwd;
}

describe('a signal that is aborted before', () => {
  it('refuses to begin', async () => {
    const cwd = writeTree(workspace(), { a: 'a', b: 'b' });
    const reason = new Error('why');
    const signal = AbortSignal.abort(reason);
    const [a, b] = [join(cwd, 'a'), join(cwd, 'b')];
    for (const act of [
      () => copyFile(a, b, { signal }),
      async () => copyFileSync(a, b, { signal }),
      () => copy({ from: a, to: cwd, rename: 'b' }, { signal }),
    ]) {
      const error = await leavingNothing(cwd, () => refusal(act));
      expect(error).toMatchObject({ code: 'ABORT_ERR', cause: reason, source: a });
    }
    expect(readFileSync(b, 'utf8')).toBe('b');
  });

  it('is not forgotten by a later copy with another signal', async () => {
    const cwd = writeTree(workspace(), { 'in/a': 'a' });
    await refusal(() => copy({ from: 'in', to: 'out' }, { cwd, signal: AbortSignal.abort() }));
    const { signal } = new AbortController();
    expect(await copy({ from: 'in', to: 'out' }, { cwd, signal })).toMatchObject({ files: 1 });
  });
});

const many: { name: string; target?: Partial<Target>; held?: boolean }[] = [
  { name: 'in worker threads' },
  { name: 'with functions', target: { filter: () => true } },
  { name: 'in worker threads that stand ready', held: true },
];

describe.each(many)('a signal that is aborted in the middle of many files, $name', ({ target, held }) => {
  it('ends the copy, and what is there is complete', async () => {
    const cwd = workspace();
    const files = 800;
    fill(join(cwd, 'in'), { files, folders: 16 });
    const workers = held ? await bootWorkers(2) : undefined;
    const controller = new AbortController();
    const reason = new Error('enough');
    const options: CopyOptions = { cwd, signal: controller.signal, concurrency: 2 };
    const onProgress = () => controller.abort(reason);
    const act = () => copy({ from: 'in', to: 'out', ...target }, { ...options, onProgress });
    const error = await leavingNothing(cwd, () => refusal(act));
    await workers?.dispose();
    expect(error).toMatchObject({ code: 'ABORT_ERR', cause: reason });
    expect(error.message).toContain(join(cwd, 'in'));
    const out = contentsOf(join(cwd, 'out'));
    const given = contentsOf(join(cwd, 'in'));
    for (const [path, content] of Object.entries(out)) expect(content, path).toBe(given[path]);
    expect(filesOf(join(cwd, 'out')).length).toBeLessThan(files);

    const again = await copy({ from: 'in', to: 'out' }, { cwd });
    expect(again.files).toBe(files);
    expect(contentsOf(join(cwd, 'out'))).toEqual(given);
  });
});

const holdCopies = fileURLToPath(new URL('../support/hold-copies.cjs', import.meta.url));

/**
 * Code for {@link inProcess}: starts a copy with `start`, aborts it in the middle of a file, and waits for its end.
 */
const abortInTheMiddle = `
  const reason = new Error('enough');
  const abortInTheMiddle = async (start) => {
    const controller = new AbortController();
    const copied = start(controller.signal);
    const over = copied.then(() => true, () => true);
    const hold = process.env.HOLD_COPIES;
    const pause = () => new Promise((resolve) => setTimeout(resolve, 2, false));
    while (!fs.existsSync(hold + '/reached') && !(await Promise.race([over, pause()])));
    controller.abort(reason);
    fs.writeFileSync(hold + '/released', '');
    return copied;
  };
`;

describe.each(['on', 'off'])(
  'a signal that is aborted in the middle of one file, native lane %s',
  (native) => {
    const held = (cwd: string, body: string) => {
      const env = { HOLD_COPIES: workspace(), FS_REFLINK_NATIVE: native };
      return inProcess(abortInTheMiddle + body, { cwd }, { env, flags: ['--require', holdCopies] });
    };

    it('keeps the old destination and leaves no part of the new one', () => {
      const cwd = preparedLarge();
      const { error } = held(
        cwd,
        `const { cwd } = argument;
       const start = (signal) => lib.copy({ from: 'large', to: 'out' }, { cwd, reflink: 'never', signal });
       return abortInTheMiddle(start);`,
      );
      expect(error).toMatchObject({ code: 'ABORT_ERR', cause: 'enough', source: join(cwd, 'large') });
      // Checked first, because an error about the content would print the whole file.
      expect(statSync(join(cwd, 'out/large')).size).toBe('old'.length);
      expect(readFileSync(join(cwd, 'out/large'), 'utf8')).toBe('old');
      expect(filesOf(cwd)).toEqual(['large', 'out/large']);
    });

    it('does the same for copyFile, with a new destination', () => {
      const cwd = preparedLarge();
      const { error } = held(
        cwd,
        `const [source, destination] = [argument.cwd + '/large', argument.cwd + '/new'];
       return abortInTheMiddle((signal) => lib.copyFile(source, destination, { reflink: 'never', signal }));`,
      );
      expect(error).toMatchObject({ code: 'ABORT_ERR', cause: 'enough', destination: join(cwd, 'new') });
      expect(filesOf(cwd)).toEqual(['large', 'out/large']);
    });
  },
);

describe('a signal that is not aborted', () => {
  it('keeps no listener', async () => {
    const cwd = writeTree(workspace(), { 'in/a': 'a' });
    const { signal } = new AbortController();
    let listeners = 0;
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      listeners++;
      addEventListener.apply(signal, args);
    };
    signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      listeners--;
      removeEventListener.apply(signal, args);
    };
    await copy({ from: 'in', to: 'out' }, { cwd, signal });
    await copyFile(join(cwd, 'in/a'), join(cwd, 'b'), { signal });
    await refusal(() => copyFile(join(cwd, 'none'), join(cwd, 'b'), { signal }));
    expect(listeners).toBe(0);
  });

  it('has one listener, however many copies have it', async () => {
    const names = Array.from({ length: 12 }, (_, number) => `${number}`);
    const cwd = writeTree(workspace(), Object.fromEntries(names.map((name) => [`in/${name}`, name])));
    const { signal } = new AbortController();
    const counts: number[] = [];
    const transform = async (content: Buffer) => {
      counts.push(getEventListeners(signal, 'abort').length);
      return content;
    };
    await Promise.all([
      ...names.map((name) => copy({ from: 'in', to: name, transform }, { cwd, signal })),
      ...names.map((name) => copyFile(join(cwd, 'in', name), join(cwd, 'files', name), { signal })),
    ]);
    expect(new Set(counts)).toEqual(new Set([1]));
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});
