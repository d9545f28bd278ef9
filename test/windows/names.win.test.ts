import { existsSync, linkSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { copy, copyFile, copyFileSync } from 'fs-reflink';
import { describe, expect, test } from 'vitest';
import { constants as C } from '../../packages/core/src/platform/win32/constants.ts';
import { WINDOWS_ERRORS } from '../../packages/core/src/platform/win32/errors.ts';
import { readTree, writeTree } from '../support/trees.ts';
import { failure, WindowsBench } from './bench.ts';
import { Refs } from './refs.ts';
import { describeOnWindows, workspace } from './support.ts';

const LONG = Array.from({ length: 12 }, (_each, index) => `${index}-${'directory'.repeat(3)}`).join('/');

describeOnWindows('names', () => {
  const trees: [string, Record<string, string>][] = [
    ['of more than 260 characters', { [`${LONG}/deep.txt`]: 'deep' }],
    ['that are not ASCII', { 'é/漢字.txt': 'one', 'Привет 😀.txt': 'two' }],
    ['that end in a dot or a space', { 'dot.': 'one', 'space ': 'two', 'dir./file': 'three' }],
    ['of devices', { 'aux.txt': 'one', 'con/nul': 'two' }],
  ];

  test.each(trees)('%s', async (_name, tree) => {
    const root = workspace();
    // Complete, as node:fs makes paths of its own only where it has to.
    writeTree(`\\\\?\\${join(root, 'from')}`, tree);
    const report = await copy({ from: join(root, 'from'), to: join(root, 'to') });
    expect(report.methods).toMatchObject({ read_write: { files: Object.keys(tree).length } });
    const [from, to] = ['from', 'to'].map((name) => contents(`\\\\?\\${join(root, name)}`));
    expect(to).toEqual(from);
  });

  test('a glob finds files, in a directory with characters of globs, and at the root of a drive', async () => {
    const root = workspace();
    writeTree(join(root, 'in (x86) [1]'), { 'a.txt': 'a', 'b/c.txt': 'c', 'b/d.bin': 'd' });
    const report = await copy({ from: 'in (x86) [1]/**/*.txt', to: 'out' }, { cwd: root });
    expect(report.files).toBe(2);
    expect(Object.keys(contents(join(root, 'out')))).toEqual(['a.txt', 'b', 'b/c.txt']);
    const drive = root.slice(0, 3);
    const name = 'fs-reflink-at-the-root.txt';
    await expect(
      copy({ from: `${drive}${name.replace('root', '*')}`, to: 'none' }, { cwd: root }),
    ).rejects.toMatchObject({ code: 'ERR_NO_MATCH', source: expect.stringContaining(drive) });
  });

  test('of directories with forward and backward slashes mean the same', async () => {
    const root = workspace();
    writeTree(join(root, 'from'), { 'a/b.txt': 'b' });
    const from = join(root, 'from').replaceAll('\\', '/');
    await copyFile(`${from}/a\\b.txt`, `${from}/c/d.txt`);
    expect(readFileSync(join(root, 'from', 'c', 'd.txt'), 'utf8')).toBe('b');
  });

  describe.each(['\\\\?\\', '\\\\.\\', '//?/'])('of places that begin with %s', (namespace) => {
    test('are those of the same places without it', async () => {
      const cwd = workspace();
      const long = (name: string) => `${namespace}${join(cwd, name)}`;
      writeTree(cwd, { 'from/a.txt': 'a', 'from/b/c.txt': 'c', 'to/kept/d.txt': 'd', 'to/gone.txt': 'e' });
      const options = { cwd, prune: 'everything', manifest: join(cwd, 'to/own.manifest') } as const;
      const keep = [join(cwd, 'to/kept')];
      expect(await copy({ from: 'from', to: long('to') }, { ...options, keep })).toMatchObject({ pruned: 1 });
      const other = { ...options, keep: [long('to/kept')], manifest: long('to/own.manifest') };
      expect(await copy({ from: 'from', to: 'to' }, other)).toMatchObject({ pruned: 0, warnings: [] });
      expect(Object.keys(contents(join(cwd, 'to'))).sort()).toEqual(
        ['a.txt', 'b', 'b/c.txt', 'kept', 'kept/d.txt', 'own.manifest'].sort(),
      );
      const target = { from: join(cwd, 'from'), to: 'new', ignore: long('from/b'), base: long('') };
      expect(await copy(target, { cwd: long(''), allowedRoots: [long('')] })).toMatchObject({ files: 1 });
      expect(contents(join(cwd, 'new'))).toHaveProperty('from/a.txt');
      const glob = { from: `${long('from').replaceAll('\\', '/')}/**/*.txt`, to: 'globbed' };
      expect(await copy(glob, { cwd })).toMatchObject({ files: 2 });
    });
  });

  test.each(['a:b.txt', 'ab:c.txt', 'ab::$DATA', 'sub/d:e'])(
    '%s is refused: a colon would make a stream of it, or a drive',
    async (name) => {
      const cwd = workspace();
      writeTree(cwd, { 'from/a.txt': 'a' });
      const refused = { code: 'EINVAL', message: expect.stringContaining('does not allow ":" in a name') };
      for (const transform of [undefined, (content: Buffer) => content]) {
        const target = { from: 'from', to: 'to', rename: () => name, ...(transform && { transform }) };
        await expect(copy(target, { cwd })).rejects.toMatchObject(refused);
      }
      await expect(copyFile(join(cwd, 'from/a.txt'), join(cwd, 'to', name))).rejects.toMatchObject(refused);
      expect(existsSync(join(cwd, 'to', 'ab'))).toBe(false);
    },
  );

  test('that Windows does not allow are told from files that are not there', async () => {
    const cwd = workspace();
    writeTree(cwd, { 'from/a.txt': 'a' });
    await expect(copy({ from: 'from', to: 'to', rename: () => 'a?b' }, { cwd })).rejects.toMatchObject({
      code: 'ENOENT',
      message: expect.stringContaining('Windows does not allow this name'),
    });
  });

  test('to keep when the rest is pruned may be written in other letters', async () => {
    const root = workspace();
    writeTree(root, { 'from/a.txt': 'a', 'to/Kept/b.txt': 'b', 'to/gone.txt': 'c' });
    const report = await copy({ from: 'from', to: 'to' }, { cwd: root, prune: 'everything', keep: ['kept'] });
    expect(report.pruned).toBe(1);
    expect(Object.keys(contents(join(root, 'to')))).toEqual(['Kept', 'Kept/b.txt', 'a.txt']);
  });

  test('of the same file in other letters are found to be the same file', () => {
    const root = workspace();
    writeFileSync(join(root, 'File.txt'), 'content');
    for (const other of ['File.txt', 'FILE.TXT', '.\\file.txt']) {
      expect(() => copyFileSync(join(root, 'File.txt'), join(root, other))).toThrow(
        expect.objectContaining({ code: 'ERR_SAME_FILE' }),
      );
    }
    expect(readFileSync(join(root, 'File.txt'), 'utf8')).toBe('content');
  });

  test('R19: a hard link to the source is the source', () => {
    const root = workspace();
    writeFileSync(join(root, 'one'), 'content');
    linkSync(join(root, 'one'), join(root, 'two'));
    expect(() => copyFileSync(join(root, 'one'), join(root, 'two'))).toThrow(
      expect.objectContaining({ code: 'ERR_SAME_FILE' }),
    );
    expect(readFileSync(join(root, 'one'), 'utf8')).toBe('content');
  });

  test('of files that are not there, or are directories, are named in the error', () => {
    const root = workspace();
    mkdirSync(join(root, 'directory'));
    writeFileSync(join(root, 'file'), 'content');
    expect(() => copyFileSync(join(root, 'nothing'), join(root, 'b'))).toThrow(
      expect.objectContaining({ code: 'ENOENT', source: join(root, 'nothing') }),
    );
    expect(() => copyFileSync(join(root, 'file'), join(root, 'directory'))).toThrow(
      expect.objectContaining({ code: 'EISDIR', destination: join(root, 'directory') }),
    );
    expect(() => copyFileSync(join(root, 'directory'), join(root, 'b'))).toThrow(
      expect.objectContaining({ code: 'EISDIR', source: join(root, 'directory') }),
    );
  });
});

describeOnWindows('clones', () => {
  const GIB = 1024 ** 3;

  test('R27: of more than 2 GiB, in parts of whole clusters', () => {
    const refs = new Refs();
    using bench = new WindowsBench(refs.overrides, { reflink: 'always' });
    const size = 2 * GIB + 1024;
    bench.writeLarge('large', size, [[2 * GIB - 100, 'around the end of the first part']]);
    expect(bench.copy('large')).toEqual({ method: 'duplicate_extents', bytes: size });
    expect(refs.cloned).toEqual([2 * GIB, 4096]);
    expect(statSync(join(bench.destination, 'large')).size).toBe(size);
    expect(bench.readPart('large', 2 * GIB - 100, 32)).toBe('around the end of the first part');
  });

  describe.each([
    ['sparse', true],
    ['dense', false],
  ])('R27: of a %s file', (_name, sparse) => {
    test('are as their source', () => {
      const refs = new Refs();
      using bench = new WindowsBench(refs.overrides);
      bench.writeLarge('file', 1024 * 1024, [[500_000, 'data']]);
      if (sparse) refs.sparse.add(refs.keyOf(join(bench.source, 'file')));
      expect(bench.copy('file')).toMatchObject({ method: 'duplicate_extents' });
      expect(refs.sparse.has(refs.keyOf(join(bench.destination, 'file')))).toBe(sparse);
      expect(bench.readPart('file', 500_000, 4)).toBe('data');
    });
  });

  test.each([
    [0, 2],
    [2, 0],
    [2, 2],
  ])('R27: have checksums as their source (source %i, directory %i)', (wanted, inherited) => {
    const refs = new Refs();
    refs.inherited = inherited;
    using bench = new WindowsBench(refs.overrides);
    bench.write('file', 'content');
    refs.integrity.set(refs.keyOf(join(bench.source, 'file')), wanted);
    expect(bench.copy('file')).toEqual({ method: 'duplicate_extents', bytes: 7 });
    const integrity = refs.integrity.get(refs.keyOf(join(bench.destination, 'file'))) ?? inherited;
    expect(integrity).toBe(wanted);
  });

  test('R27: a block that has as many owners as it may is copied, and the next file cloned', () => {
    const refs = new Refs();
    refs.limit = 4;
    using bench = new WindowsBench(refs.overrides, { overwrite: true });
    const methods = Array.from({ length: 5 }, () => {
      bench.write('file', 'content');
      return bench.copy('file').method;
    });
    expect(methods).toEqual([...Array(3).fill('duplicate_extents'), 'copy_file_ex', 'copy_file_ex']);
    bench.write('other', 'content');
    expect(bench.copy('other')).toMatchObject({ method: 'duplicate_extents' });
  });

  test('R23: copies do not make a volume look as if it could clone', () => {
    let asked = 0;
    using bench = new WindowsBench((real) => ({
      deviceIoControl: (...args) => {
        asked++;
        return real.deviceIoControl(...args);
      },
    }));
    for (const name of ['one', 'two', 'three']) {
      bench.write(name, 'content');
      expect(bench.copy(name)).toMatchObject({ method: 'read_write' });
    }
    expect(asked).toBe(0);
  });

  test('are not tried between volumes', () => {
    const refs = new Refs();
    let asked = 0;
    using bench = new WindowsBench((real) => {
      const overrides = refs.overrides(real);
      return {
        ...overrides,
        getVolumeInformationByHandle: (handle, serial, flags, name) => {
          const result = overrides.getVolumeInformationByHandle!(handle, serial, flags, name);
          serial[0] = ++asked;
          return result;
        },
      };
    });
    bench.write('file', 'content');
    expect(bench.copy('file')).toMatchObject({ method: 'read_write' });
    expect(refs.cloned).toEqual([]);
  });
});

describeOnWindows('a sparse file that is not cloned', () => {
  const MIB = 1024 * 1024;
  const data: [number, string][] = [
    [MIB, 'one'],
    [3 * MIB, 'two'],
    [5 * MIB, 'three'],
  ];

  test.each([
    ['in the order of its parts', {}],
    ['in full', { reflink: 'never', build: 26_100 }],
  ] as const)('keeps its holes, %s', (_name, settings) => {
    const refs = new Refs();
    refs.ranges = data.map(([at]) => [at, at + 65_536]);
    const read: number[] = [];
    using bench = new WindowsBench(
      (real) => {
        const { getVolumeInformationByHandle, ...overrides } = refs.overrides(real);
        void getVolumeInformationByHandle;
        return {
          ...overrides,
          readFile: (handle, buffer, size) => {
            const got = real.readFile(handle, buffer, size);
            read.push(got);
            return got;
          },
        };
      },
      { ...settings },
    );
    bench.writeLarge('file', 8 * MIB, data);
    refs.sparse.add(refs.keyOf(join(bench.source, 'file')));
    expect(bench.copy('file')).toEqual({ method: 'read_write', bytes: 8 * MIB });
    expect(refs.sparse.has(refs.keyOf(join(bench.destination, 'file')))).toBe(true);
    expect(read).toEqual([65_536, 65_536, 65_536]);
    expect(bench.read('file').equals(readFileSync(join(bench.source, 'file')))).toBe(true);
  });

  const NTFS = [...'NTFS\0'].map((letter) => letter.charCodeAt(0));
  const OTHER = [...'FUSE-sshfs\0'].map((letter) => letter.charCodeAt(0));
  test.each([
    { name: 'is on a filesystem that is not known', volume: OTHER, remote: false, blocks: undefined },
    { name: 'is on a server', volume: NTFS, remote: true, blocks: undefined },
    { name: 'has no blocks', volume: NTFS, remote: false, blocks: 0 },
  ])('is read to its end when it $name', ({ volume, remote, blocks }) => {
    const refs = new Refs();
    refs.ranges = [];
    const written: number[] = [];
    using bench = new WindowsBench((real) => {
      const overrides = refs.overrides(real);
      return {
        ...overrides,
        getVolumeInformationByHandle: (handle, serial, flags, name) => {
          const result = real.getVolumeInformationByHandle(handle, serial, flags, name);
          name.set(volume);
          return result;
        },
        getFileInformation: (handle, kind, buffer, size) => {
          if (kind === C.FileRemoteProtocolInfo)
            return remote ? 0 : failure(WINDOWS_ERRORS.ERROR_INVALID_PARAMETER[0]);
          const result = overrides.getFileInformation!(handle, kind, buffer, size);
          if (kind === C.FileStandardInfo && blocks === 0) buffer.fill(0, 0, 2);
          return result;
        },
        writeFile: (handle, buffer, size) => {
          written.push(size);
          return real.writeFile(handle, buffer, size);
        },
      };
    });
    bench.writeLarge('file', 8 * MIB, data);
    refs.sparse.add(refs.keyOf(join(bench.source, 'file')));
    expect(bench.copy('file')).toEqual({ method: 'read_write', bytes: 8 * MIB });
    expect(refs.sparse.has(refs.keyOf(join(bench.destination, 'file')))).toBe(true);
    expect(bench.read('file').equals(readFileSync(join(bench.source, 'file')))).toBe(true);
    expect(written).toEqual([65_536, 65_536, 65_536]);
  });
});

function contents(root: string): Record<string, string> {
  const entries = Object.entries(readTree(root));
  return Object.fromEntries(entries.map(([name, { sha256, type }]) => [name, sha256 ?? type]));
}
