import { existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CopyOptions, copy, copyFile, copyFileSync, startWorkers, type Target } from 'fs-reflink';
import { describe, expect, it } from 'vitest';
import { writeTree } from '../support/trees.ts';
import { contentsOf, filesOf, fill, inProcess, leavingNothing, refusal, workspace } from './support.ts';

const MIB = 1024 * 1024;
const LARGE = 300 * MIB;

/** Starts to write at once, and has blocks enough for the copy to be seen in its middle. */
function preparedLarge(): string {
  const cwd = writeTree(workspace(), { 'out/large': 'old' });
  writeFileSync(join(cwd, 'large'), Buffer.alloc(LARGE / 5, 1));
  truncateSync(join(cwd, 'large'), LARGE);
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
    const workers = held ? await startWorkers(2) : undefined;
    const controller = new AbortController();
    const reason = new Error('enough');
    const options: CopyOptions = { cwd, signal: controller.signal, concurrency: 2 };
    const onProgress = () => controller.abort(reason);
    const act = () => copy({ from: 'in', to: 'out', ...target }, { ...options, onProgress });
    const error = await leavingNothing(cwd, () => refusal(act));
    await workers?.close();
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

describe('a signal that is aborted in the middle of one large file', () => {
  // On a busy machine the thread may be through with the file before it is told.
  it('keeps the old destination and leaves no part of the new one', { retry: 4 }, async () => {
    const cwd = preparedLarge();
    const controller = new AbortController();
    const reason = new Error('enough');
    const options: CopyOptions = { cwd, reflink: 'never', signal: controller.signal };
    const onProgress = () => controller.abort(reason);
    const act = () => copy({ from: 'large', to: 'out' }, { ...options, onProgress });
    const error = await leavingNothing(cwd, () => refusal(act));
    expect(error).toMatchObject({ code: 'ABORT_ERR', cause: reason, source: join(cwd, 'large') });
    // First: an error is not to show 300 MB.
    expect(statSync(join(cwd, 'out/large')).size).toBe('old'.length);
    expect(readFileSync(join(cwd, 'out/large'), 'utf8')).toBe('old');
    expect(filesOf(cwd)).toEqual(['large', 'out/large']);
  });

  it('does the same for copyFile, with a new destination', { retry: 4 }, async () => {
    const cwd = preparedLarge();
    const controller = new AbortController();
    const [source, destination] = [join(cwd, 'large'), join(cwd, 'new')];
    const timer = setInterval(() => existsSync(destination) && controller.abort(), 1);
    const options = { reflink: 'never', cache: 'bypass', signal: controller.signal } as const;
    const error = await leavingNothing(cwd, () => refusal(() => copyFile(source, destination, options)));
    clearInterval(timer);
    expect(error).toMatchObject({ code: 'ABORT_ERR', source, destination });
    expect(error.cause).toMatchObject({ name: 'AbortError' });
    expect(filesOf(cwd)).toEqual(['large', 'out/large']);
  });

  it('lets the process end by itself', () => {
    const cwd = preparedLarge();
    const { error } = inProcess(
      `const controller = new AbortController();
       const onProgress = () => controller.abort(new Error('enough'));
       const options = { ...argument, reflink: 'never', signal: controller.signal, onProgress };
       return lib.copy({ from: 'large', to: 'out' }, options);`,
      { cwd },
    );
    expect(error).toMatchObject({ name: 'CopyError', code: 'ABORT_ERR', cause: 'enough' });
  });
});

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
});
