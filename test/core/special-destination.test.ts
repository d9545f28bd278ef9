import { execFileSync } from 'node:child_process';
import { constants, lstatSync, readFileSync, readlinkSync, symlinkSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { type CopyOptions, copy, plan, type Target } from 'fs-reflink';
import type { PreparedCopies } from 'fs-reflink/host';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Bench } from '../support/injected.ts';
import { type Lane, lanes } from '../support/lanes.ts';
import { notLinux, notRoot, orSkipped } from '../support/skip.ts';
import { fifo, symlink, writeTree } from '../support/trees.ts';
import { bootWorkers } from '../support/workers.ts';
import { leavingNothing, refusal, workspace } from './support.ts';

const { O_CREAT } = constants;

let server: Server | undefined;
afterEach(async () => {
  await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
  server = undefined;
});

/** The kind of the existing destination, how the test creates it, and the reason in the error. */
const kinds: { kind: string; reason: string; needsRoot?: boolean; make(path: string): unknown }[] = [
  { kind: 'a FIFO', reason: 'a FIFO', make: (path) => execFileSync('mkfifo', [path]) },
  {
    kind: 'a socket',
    reason: 'a socket',
    make(path) {
      server = createServer().listen(path);
      return new Promise((resolve) => server!.once('listening', resolve));
    },
  },
  {
    kind: 'a device (needs root)',
    reason: 'a device',
    needsRoot: true,
    make: (path) => execFileSync('mknod', [path, 'c', '1', '3']),
  },
  {
    kind: 'a link to a FIFO',
    reason: 'a symbolic link that leads to a FIFO',
    make(path) {
      const pipe = join(workspace(), 'pipe');
      execFileSync('mkfifo', [pipe]);
      symlinkSync(pipe, path);
    },
  },
  {
    kind: 'a link to a link to a device',
    reason: 'a symbolic link that leads to a device',
    make(path) {
      const link = join(workspace(), 'null');
      symlinkSync('/dev/null', link);
      symlinkSync(link, path);
    },
  },
];

/** Shows that the entry was not replaced. */
const identityOf = (path: string) => {
  const { ino, mode } = lstatSync(path);
  return { ino, mode };
};

const settings: CopyOptions[] = [
  {},
  { overwrite: false },
  { overwrite: 'error' },
  { overwrite: 'changed' },
  { atomic: true, reflink: 'never', pageCache: 'bypass' },
];

describe.each(lanes)('$name', (lane) => {
  const opened = openLane(lane);

  for (const { kind, needsRoot, make } of kinds) {
    describe.skipIf(needsRoot && notRoot)(
      orSkipped(`refuses ${kind} at the destination`, needsRoot ? notRoot : undefined),
      () => {
        it.each(settings)('with %o', async (options) => {
          const cwd = writeTree(workspace(), { file: 'content', link: symlink('file') });
          const destination = join(cwd, 'special');
          await make(destination);
          const before = identityOf(destination);
          for (const [source, symlinks] of [
            ['file', 'follow'],
            ['link', 'follow'],
          ] as const) {
            expect(await opened().run(join(cwd, source), destination, { ...options, symlinks })).toEqual({
              code: 'ERR_NOT_REGULAR',
            });
          }
          expect(identityOf(destination)).toEqual(before);
        });
      },
    );
  }

  it('refuses a FIFO that a link would replace', async () => {
    const cwd = writeTree(workspace(), { link: symlink('nowhere'), pipe: fifo() });
    const run = opened().run(join(cwd, 'link'), join(cwd, 'pipe'), { symlinks: 'keep' });
    expect(await run).toEqual({ code: 'ERR_NOT_REGULAR' });
    expect(lstatSync(join(cwd, 'pipe')).isFIFO()).toBe(true);
  });

  it('replaces a link to a device by a link that is kept', async () => {
    const cwd = writeTree(workspace(), { link: symlink('nowhere'), null: symlink('/dev/null') });
    const run = opened().run(join(cwd, 'link'), join(cwd, 'null'), { symlinks: 'keep' });
    expect(await run).toMatchObject({ method: 'symlink' });
    expect(readlinkSync(join(cwd, 'null'))).toBe('nowhere');
    expect(lstatSync('/dev/null').isCharacterDevice()).toBe(true);
  });

  it('still replaces links that lead to a file, or nowhere', async () => {
    const cwd = writeTree(workspace(), {
      file: 'content',
      other: 'other',
      one: symlink('other'),
      two: symlink('nowhere'),
    });
    for (const name of ['one', 'two']) {
      expect(await opened().run(join(cwd, 'file'), join(cwd, name), {})).toMatchObject({ bytes: 7 });
      expect(lstatSync(join(cwd, name)).isFile()).toBe(true);
    }
    expect(readFileSync(join(cwd, 'other'), 'utf8')).toBe('other');
  });
});

const filler = Object.fromEntries(Array.from({ length: 40 }, (_each, index) => [`in/f/${index}`, 'f']));

const ways: { name: string; held?: boolean; target?: Partial<Target>; run: typeof copy }[] = [
  { name: 'copy on the calling thread', run: copy },
  { name: 'copy in worker threads that stand ready', held: true, run: copy },
  { name: 'copy with functions', target: { filter: () => true }, run: copy },
  { name: 'copy with a transform', target: { transform: (content) => content }, run: copy },
  { name: 'plan', run: plan },
  { name: 'plan with a transform', target: { transform: (content) => content }, run: plan },
];

describe.each(ways)('$name', ({ held, target, run }) => {
  let workers: PreparedCopies | undefined;
  beforeAll(async () => {
    if (held) workers = await bootWorkers(2);
  });
  afterAll(() => workers?.dispose());

  const options: CopyOptions[] = [
    {},
    { overwrite: false },
    { overwrite: 'error' },
    { overwrite: 'changed' },
    { prune: 'everything' },
    { prune: 'everything', manifest: 'manifest' },
  ];

  for (const { kind, needsRoot, make, reason } of kinds) {
    describe.skipIf(needsRoot && notRoot)(
      orSkipped(`refuses ${kind} in the tree`, needsRoot ? notRoot : undefined),
      () => {
        it.each(options)('with %o', async (given) => {
          const cwd = writeTree(workspace(), { 'in/deep/x': 'content', 'out/deep/stale': 's', ...filler });
          const destination = join(cwd, 'out/deep/x');
          await make(destination);
          const before = identityOf(destination);
          const error = await leavingNothing(cwd, () =>
            refusal(() => run({ from: 'in', to: 'out', ...target }, { cwd, ...given })),
          );
          expect(error).toMatchObject({
            code: 'ERR_NOT_REGULAR',
            source: join(cwd, 'in/deep/x'),
            destination,
          });
          expect(error.message).toContain(`the destination is ${reason}, which a copy does not replace`);
          expect(identityOf(destination)).toEqual(before);
        });
      },
    );
  }

  it("refuses a FIFO in the place of a directory, also with prune: 'everything'", async () => {
    const cwd = writeTree(workspace(), { 'in/deep/x': 'content', 'out/deep': fifo(), ...filler });
    const error = await refusal(() =>
      run({ from: 'in', to: 'out', ...target }, { cwd, prune: 'everything' }),
    );
    expect(error).toMatchObject({ code: 'ENOTDIR', destination: join(cwd, 'out/deep') });
    expect(lstatSync(join(cwd, 'out/deep')).isFIFO()).toBe(true);
  });
});

it.each([copy, plan])('%o refuses a manifest that is a FIFO, or a link to a device', async (run) => {
  const cwd = writeTree(workspace(), { 'in/a': 'a', pipe: fifo(), null: symlink('/dev/null') });
  for (const manifest of ['pipe', 'null']) {
    const error = await refusal(() => run({ from: 'in', to: 'out' }, { cwd, manifest }));
    expect(error).toMatchObject({ code: 'ERR_NOT_REGULAR', destination: join(cwd, manifest) });
  }
  expect(lstatSync(join(cwd, 'pipe')).isFIFO()).toBe(true);
  expect(readlinkSync(join(cwd, 'null'))).toBe('/dev/null');
});

describe("prune: 'everything'", () => {
  it('deletes a FIFO, and a link to a device, in whose place nothing goes', async () => {
    const cwd = writeTree(workspace(), {
      'in/a': 'a',
      'out/pipe': fifo(),
      'out/null': symlink('/dev/null'),
    });
    expect(await copy({ from: 'in', to: 'out' }, { cwd, prune: 'everything' })).toMatchObject({ pruned: 2 });
    expect(lstatSync('/dev/null').isCharacterDevice()).toBe(true);
  });
});

// If `overwrite` is false or 'error', no file replaces the FIFO in any case.
it.skipIf(notLinux).each([true, 'changed'] as const)(
  orSkipped('a FIFO that appears while a file is copied is not replaced, with overwrite %s', notLinux),
  (overwrite) => {
    let made = false;
    using bench: Bench = new Bench(
      (real) => ({
        openat(directory, path, flags, mode) {
          // After the status of the destination was read, and before it is created.
          if (path === 'file' && flags & O_CREAT && !made) {
            made = true;
            execFileSync('mkfifo', [join(bench.destination, 'file')]);
          }
          return real.openat(directory, path, flags, mode);
        },
      }),
      { overwrite },
    );
    bench.write('file', 'content');
    expect(bench.copy('file')).toMatchObject({ code: 'ERR_NOT_REGULAR' });
    expect(bench.names).toEqual(['file']);
    expect(lstatSync(join(bench.destination, 'file')).isFIFO()).toBe(true);
  },
);

function openLane(lane: Lane): () => Awaited<ReturnType<Lane['open']>> {
  let opened: Awaited<ReturnType<Lane['open']>>;
  beforeAll(async () => {
    opened = await lane.open();
  });
  afterAll(() => opened?.close());
  return () => opened;
}
