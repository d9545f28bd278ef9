import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type Attribute, type CopyOptions, copy, type Target } from 'fs-reflink';
import { describe, expect, it, vi } from 'vitest';
import { loadSystem } from '../../packages/core/src/platform/load.ts';
import { portableSystem } from '../../packages/core/src/platform/portable/portable.ts';
import type { System } from '../../packages/core/src/platform/system.ts';
import { resolveCopyOptions } from '../../packages/core/src/resolve-options.ts';
import { setDirectoryAttributes } from '../../packages/core/src/transfer/directories.ts';
import { copyBy } from '../support/copy-by.ts';
import { cannotGiveUpRights, NOBODY } from '../support/other-user.ts';
import { runDirectory } from '../support/run-directory.ts';
import { notRoot, orSkipped } from '../support/skip.ts';
import { directory, type TreeSpec, writeTree } from '../support/trees.ts';
import { bootWorkers } from '../support/workers.ts';
import { asNobody, inProcess, workspace } from './support.ts';

const ALL: readonly Attribute[] = ['mode', 'timestamps', 'ownership', 'special'];
const LONG_AGO = 1_000_000_000;

const modes: Record<string, number> = {
  private: 0o700,
  group: 0o2770,
  shared: 0o2775,
  open: 0o777,
  sticky: 0o1777,
  'read-only': 0o555,
  'read-only/below': 0o500,
  empty: 0o711,
  '.': 0o750,
};

/** Creates a directory for each mode. Each has a file in it, except the empty one; all have old times. */
function prepared(): string {
  const cwd = workspace();
  for (const name of Object.keys(modes)) mkdirSync(join(cwd, 's', name), { recursive: true });
  for (const name of Object.keys(modes))
    if (name !== 'empty') writeFileSync(join(cwd, 's', name, 'key'), 'k');
  const names = Object.keys(modes).sort((one, other) => other.length - one.length);
  for (const name of names) utimesSync(join(cwd, 's', name), LONG_AGO, LONG_AGO);
  for (const name of names) chmodSync(join(cwd, 's', name), modes[name]!);
  return cwd;
}

const modeOf = (path: string) => (statSync(path).mode & 0o7777).toString(8);

function modesIn(root: string): Record<string, string> {
  return Object.fromEntries(Object.keys(modes).map((name) => [name, modeOf(join(root, name))]));
}

/** The modes that cp(1) gives the same directories, under the umask of this process. */
function byCp(cwd: string, ...flags: string[]): Record<string, string> {
  const { status, stderr } = spawnSync('cp', [...flags, 's', 'by-cp'], { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return modesIn(join(cwd, 'by-cp'));
}

/** Copies by the given system. Throws the error of the copy. */
function tallyBy(...given: Parameters<typeof copyBy>) {
  const { tally, error } = copyBy(...given);
  if (error) throw error;
  return tally;
}

type Copy = (target: Target, options: CopyOptions) => Promise<{ warnings: string[] }>;

const lanes: Record<string, Copy> = {
  'on the calling thread': copy,
  'in worker threads': async (target, options) => {
    const workers = await bootWorkers(2);
    try {
      return await copy(target, options);
    } finally {
      await workers.dispose();
    }
  },
  'with functions': (target, options) => copy({ ...target, filter: () => true }, options),
  'with a transform': (target, options) => copy({ ...target, transform: (content) => content }, options),
  'without the native lane': async (target, options) =>
    tallyBy(portableSystem(undefined), target, options) as { warnings: string[] },
};

const noGnu = spawnSync('cp', ['--version'], { encoding: 'utf8' }).stdout?.includes('GNU')
  ? undefined
  : 'it needs cp of GNU';

describe.each(Object.entries(lanes))('directories, %s', (_lane, run) => {
  it.skipIf(noGnu)(
    orSkipped('get the mode of their source under the umask, as with cp -r, and stay writable', noGnu),
    async () => {
      const cwd = prepared();
      const { warnings } = await run({ from: 's', to: 'd' }, { cwd });
      const writable = { 'read-only': '755', 'read-only/below': '700', sticky: '755' };
      expect(modesIn(join(cwd, 'd'))).toEqual({ ...byCp(cwd, '-r'), ...writable });
      expect(statSync(join(cwd, 'd/empty')).mtimeMs).not.toBe(LONG_AGO * 1000);
      expect(warnings).toEqual([]);
    },
  );

  it.skipIf(noGnu)(orSkipped('get every attribute with preserve, as with cp -a', noGnu), async () => {
    const cwd = prepared();
    const { warnings } = await run({ from: 's', to: 'd' }, { cwd, preserve: ALL });
    expect(modesIn(join(cwd, 'd'))).toEqual(byCp(cwd, '-a'));
    for (const name of Object.keys(modes))
      expect(statSync(join(cwd, 'd', name)).mtimeMs, name).toBe(LONG_AGO * 1000);
    expect(readFileSync(join(cwd, 'd/read-only/below/key'), 'utf8')).toBe('k');
    expect(warnings).toEqual([]);
  });

  it('that were there keep their attributes by default, and get those of their source with preserve', async () => {
    const cwd = prepared();
    for (const name of ['private', 'open']) mkdirSync(join(cwd, 'd', name), { recursive: true, mode: 0o751 });
    await run({ from: 's', to: 'd' }, { cwd });
    expect([modeOf(join(cwd, 'd/private')), modeOf(join(cwd, 'd/open'))]).toEqual(['751', '751']);
    await run({ from: 's', to: 'd' }, { cwd, preserve: ['mode', 'timestamps'] });
    expect([modeOf(join(cwd, 'd/private')), modeOf(join(cwd, 'd/open'))]).toEqual(['700', '777']);
    expect(statSync(join(cwd, 'd/open')).mtimeMs).toBe(LONG_AGO * 1000);
  });

  it('get no mode where none is preserved', async () => {
    const cwd = prepared();
    mkdirSync(join(cwd, 'plain'));
    await run({ from: 's', to: 'd' }, { cwd, preserve: [] });
    expect(new Set(Object.values(modesIn(join(cwd, 'd'))))).toEqual(new Set([modeOf(join(cwd, 'plain'))]));
  });

  it.skipIf(notRoot)(orSkipped('get their owner', notRoot), async () => {
    const cwd = prepared();
    chownSync(join(cwd, 's/private'), 1234, 2345);
    await run({ from: 's', to: 'd' }, { cwd, preserve: ALL });
    const { uid, gid, mode } = statSync(join(cwd, 'd/private'));
    expect([uid, gid, mode & 0o7777]).toEqual([1234, 2345, 0o700]);
  });
});

describe('the directories that are copies', () => {
  const tree: TreeSpec = { 'in/a/b/f': 'f', 'in/a/b': directory({ mode: 0o700 }), 'in/top': 'top' };

  it.each<[string, Target, Record<string, string>]>([
    ['of a glob', { from: 'in/**/f', to: 'out' }, { 'out/a': '750', 'out/a/b': '700' }],
    ['below a base', { from: 'in/a/b', base: 'in', to: 'out' }, { 'out/a': '750', 'out/a/b': '700' }],
    ['of a file below a base', { from: 'in/a/b/f', base: 'in', to: 'out' }, { 'out/a/b': '700' }],
    [
      'whose files get a new name',
      { from: 'in', to: 'out', rename: 'x', ignore: 'top' },
      { 'out/a/b': '700' },
    ],
    [
      'whose files get a new name by a function',
      { from: 'in', to: 'out', rename: (name) => `${name}.x` },
      { 'out/a': '750', 'out/a/b': '700' },
    ],
  ])('%s', async (_name, target, expected) => {
    const cwd = writeTree(workspace(), tree);
    chmodSync(join(cwd, 'in/a'), 0o750);
    for (const options of [{}, { preserve: ALL }]) {
      await copy(target, { cwd, ...options });
      const found = Object.keys(expected).map((name) => [name, modeOf(join(cwd, name))]);
      expect(Object.fromEntries(found)).toEqual(expected);
      rmSync(join(cwd, 'out'), { recursive: true });
    }
  });

  it('are not the to of a file or a glob, nor directories that a function made up', async () => {
    const cwd = writeTree(workspace(), tree);
    chmodSync(join(cwd, 'in'), 0o700);
    mkdirSync(join(cwd, 'plain'));
    const usual = modeOf(join(cwd, 'plain'));
    const targets: Target[] = [
      { from: 'in/top', to: 'file' },
      { from: 'in/*', to: 'glob' },
      { from: 'in/a', to: 'flat', flatten: true },
      { from: 'in', to: 'out', rename: (name) => `new/${name}` },
    ];
    for (const target of targets) await copy(target, { cwd, preserve: ALL });
    for (const name of ['file', 'glob', 'flat', 'out/new']) expect(modeOf(join(cwd, name)), name).toBe(usual);
  });
});

describe.each([
  ['native', () => loadSystem()],
  ['portable', () => portableSystem(undefined)],
] as const)('while files are copied, %s', (_name, load) => {
  it.each([
    ['by default', {}],
    ["preserve: ['mode']", { preserve: ['mode'] as const }],
    ['with all attributes', { preserve: ALL }],
  ])('no directory gives anybody but its owner more than its source does, %s', (_title, options) => {
    const cwd = prepared();
    const system = load();
    const seen: string[] = [];
    const look = (place: string) => {
      for (const [name, mode] of Object.entries(modes)) {
        const found = statSync(join(place, name), { throwIfNoEntry: false });
        const excess = found ? found.mode & 0o077 & ~mode : 0;
        if (excess) seen.push(`${name} is ${modeOf(join(place, name))}`);
      }
    };
    const create = vi.fn((...given: Parameters<System['create']>) => {
      look(join(cwd, 'd'));
      return system.create(...given);
    });
    const setMode = vi.fn((...given: Parameters<System['setMode']>) => {
      look(join(cwd, 'd'));
      return system.setMode(...given);
    });
    tallyBy({ ...system, create, setMode }, { from: 's', to: 'd' }, { cwd, reflink: 'never', ...options });
    expect(create).toHaveBeenCalled();
    expect(seen).toEqual([]);
  });

  it('a second copy that finds everything as it is sets nothing', () => {
    const cwd = prepared();
    const system = load();
    const options = { cwd, preserve: ALL, overwrite: 'changed' } as const;
    tallyBy(system, { from: 's', to: 'd' }, options);
    const setMode = vi.fn(system.setMode);
    const setTimes = vi.fn(system.setTimes);
    const setOwner = vi.fn(system.setOwner);
    tallyBy({ ...system, setMode, setTimes, setOwner }, { from: 's', to: 'd' }, options);
    expect([setMode, setTimes, setOwner].map((each) => each.mock.calls.length)).toEqual([0, 0, 0]);
  });
});

describe('extended attributes without koffi', () => {
  it.each([
    [
      'copy',
      "return await lib.copy({ from: 's', to: 'd' }, { cwd: argument.cwd, preserve: ['xattr'] });",
      '',
    ],
    [
      'copySync',
      "return lib.copySync({ from: 's', to: 'd' }, { cwd: argument.cwd, preserve: ['acl'] });",
      '',
    ],
    [
      'a target of its own',
      "return await lib.copy({ from: 's', to: 'd', preserve: ['xattr'] }, { cwd: argument.cwd });",
      '',
    ],
    [
      'copy in a worker thread',
      `const { prepareCopies } = await import(argument.host);
      const copies = prepareCopies({ workers: 1 });
      await copies.ready;
      return await copies.start({ from: 's', to: 'd' }, { cwd: argument.cwd, preserve: ['xattr'] });`,
      '',
    ],
    [
      'copyFile',
      "return await lib.copyFile(argument.file, argument.cwd + '/d/key', { preserve: ['xattr'] });",
      '/key',
    ],
    [
      'copyFileSync',
      "return lib.copyFileSync(argument.file, argument.cwd + '/d/key', { preserve: ['xattr'] });",
      '/key',
    ],
  ])('are an error that names both paths and the reason: %s', (_what, body, name) => {
    const cwd = prepared();
    const host = new URL('../../packages/core/dist/host.js', import.meta.url).href;
    const argument = { cwd, host, file: join(cwd, 's/key') };
    writeFileSync(argument.file, 'key');
    const { error } = inProcess(body, argument, { env: { FS_REFLINK_NATIVE: 'off' } });
    expect(error).toMatchObject({
      code: 'ENOTSUP',
      source: join(cwd, `s${name}`),
      destination: join(cwd, `d${name}`),
      message: expect.stringContaining(
        "only koffi can copy 'xattr' and 'acl', and it is not loaded: leave them out of \"preserve\"",
      ),
    });
    expect(existsSync(join(cwd, 'd/key'))).toBe(false);
  });
});

const reason = cannotGiveUpRights();
describe.skipIf(reason)(`without root's rights${reason ? ` (skipped: ${reason})` : ''}`, () => {
  it.each(['', 'off'])(
    'read-only directories are filled, and filled again, FS_REFLINK_NATIVE=%j',
    (native) => {
      const cwd = prepared();
      chownSync(cwd, NOBODY, NOBODY);
      spawnSync('chown', ['-R', `${NOBODY}:${NOBODY}`, join(cwd, 's')]);
      for (const [name, mode] of Object.entries(modes)) chmodSync(join(cwd, 's', name), mode);
      const preserve = ['mode', 'timestamps'];
      const body = `${asNobody}
      const run = () => lib.copy({ from: 's', to: 'd' }, { cwd: argument.cwd, preserve: argument.preserve });
      await run();
      fs.chmodSync(argument.file, 0o600);
      fs.writeFileSync(argument.file, 'changed');
      return run();`;
      const argument = { cwd, preserve, file: join(cwd, 's/read-only/below/key') };
      const { value, error } = inProcess(body, argument, { env: { FS_REFLINK_NATIVE: native } });
      expect(error).toBeUndefined();
      expect(value).toMatchObject({ warnings: [] });
      expect(readFileSync(join(cwd, 'd/read-only/below/key'), 'utf8')).toBe('changed');
      expect(modeOf(join(cwd, 'd/read-only'))).toBe('555');
      expect(modeOf(join(cwd, 'd/read-only/below'))).toBe('500');
    },
  );

  it('stale files and directories in read-only ones are deleted', () => {
    for (const prune of ['everything', 'placed']) {
      const cwd = prepared();
      chownSync(cwd, NOBODY, NOBODY);
      spawnSync('chown', ['-R', `${NOBODY}:${NOBODY}`, join(cwd, 's')]);
      for (const [name, mode] of Object.entries(modes)) chmodSync(join(cwd, 's', name), mode);
      const body = `${asNobody}
        const { cwd, prune } = argument;
        const run = () =>
          lib.copy({ from: 's', to: 'd' }, { cwd, prune, preserve: ['mode'], manifest: cwd + '/manifest' });
        await run();
        fs.chmodSync(cwd + '/s/read-only', 0o755);
        fs.chmodSync(cwd + '/s/read-only/below', 0o755);
        fs.rmSync(cwd + '/s/read-only/below', { recursive: true });
        fs.rmSync(cwd + '/s/read-only/key');
        fs.chmodSync(cwd + '/s/read-only', 0o555);
        return run();`;
      const { value, error } = inProcess(body, { cwd, prune });
      expect(error).toBeUndefined();
      expect(value).toMatchObject({ pruned: 2, warnings: [] });
      expect(readdirSync(join(cwd, 'd/read-only'))).toEqual([]);
      expect(modeOf(join(cwd, 'd/read-only'))).toBe('555');
    }
  });

  it("somebody else's directory keeps its attributes, with a warning", () => {
    const cwd = workspace();
    writeTree(cwd, { 's/f': 'f', s: directory({ mode: 0o755 }) });
    mkdirSync(join(cwd, 'd'));
    chmodSync(join(cwd, 'd'), 0o777);
    const body = `${asNobody}
      return lib.copy({ from: 's', to: 'd' }, { cwd: argument.cwd, preserve: ['mode', 'timestamps'] });`;
    const { value, error } = inProcess(body, { cwd });
    expect(error).toBeUndefined();
    const warnings = ['timestamps', 'mode'].map((attribute) =>
      expect.stringMatching(new RegExp(`'${attribute}' in preserve.*EPERM`)),
    );
    expect(value).toMatchObject({ files: 1, warnings });
    expect(modeOf(join(cwd, 'd'))).toBe('777');
  });
});

it.each([
  ['native', () => loadSystem()],
  ['portable', () => portableSystem(undefined)],
])('a directory that was replaced by a link meanwhile gets nothing through it, %s', (_name, load) => {
  const cwd = prepared();
  mkdirSync(join(cwd, 'outside'), { mode: 0o755 });
  mkdirSync(join(cwd, 'd'));
  symlinkSync(join(cwd, 'outside'), join(cwd, 'd/private'));
  const { transfer } = resolveCopyOptions({ from: 's' }, { preserve: ALL }).job;
  const warnings: string[] = [];
  const copied = { source: join(cwd, 's/private'), root: join(cwd, 'd'), below: 'private' };
  setDirectoryAttributes(
    load(),
    transfer,
    [copied],
    (message) => warnings.push(message),
    () => {},
  );
  expect(warnings).toEqual([]);
  expect(modeOf(join(cwd, 'outside'))).toBe('755');
});

const noAttributes = cannotSetAttributes()
  ? 'it needs setfattr and a filesystem with extended attributes'
  : undefined;
it.skipIf(noAttributes)(
  orSkipped('a directory gets extended attributes with preserve', noAttributes),
  async () => {
    const cwd = prepared();
    spawnSync('setfattr', ['-n', 'user.origin', '-v', 'here', join(cwd, 's/private')]);
    await copy({ from: 's', to: 'd' }, { cwd, preserve: [...ALL, 'xattr'] });
    const { stdout } = spawnSync('getfattr', ['--only-values', '-n', 'user.origin', join(cwd, 'd/private')]);
    expect(stdout.toString()).toBe('here');
    expect(modeOf(join(cwd, 'd/private'))).toBe('700');
  },
);

function cannotSetAttributes(): boolean {
  const { status } = spawnSync('setfattr', ['-n', 'user.origin', '-v', 'here', runDirectory()]);
  return status !== 0;
}
