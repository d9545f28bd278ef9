import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Attribute, type CopyOptions, copy, copyFile, copyFileSync } from 'fs-reflink';
import type { PreparedCopies } from 'fs-reflink/host';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mountFilesystem } from '../support/filesystems.ts';
import { type Lane, lanes } from '../support/lanes.ts';
import { bootWorkers } from '../support/workers.ts';
import { describeFaulty, mountFaulty } from './faulty.ts';

const MODIFIED = new Date('2001-02-03T04:05:06Z');

interface Loss {
  faults: string;
  preserve: Attribute[];
  /** What is lost, and the code of the error there was. */
  lost: Attribute;
  code?: string;
}

const losses: Loss[] = [
  { faults: 'xattr=ENOTSUP', preserve: ['xattr'], lost: 'xattr', code: 'ENOTSUP' },
  { faults: 'xattr=EPERM', preserve: ['mode', 'xattr'], lost: 'xattr', code: 'EPERM' },
  { faults: 'xattr=ENOSPC', preserve: ['xattr'], lost: 'xattr', code: 'ENOSPC' },
  { faults: 'xattr=ENOTSUP', preserve: ['acl'], lost: 'acl', code: 'ENOTSUP' },
  { faults: 'xattr=EINVAL', preserve: ['acl'], lost: 'acl', code: 'EINVAL' },
  { faults: 'chown=EPERM', preserve: ['ownership'], lost: 'ownership', code: 'EPERM' },
  { faults: 'chown=EINVAL', preserve: ['ownership'], lost: 'ownership', code: 'EINVAL' },
  { faults: 'chown=EOVERFLOW', preserve: ['ownership'], lost: 'ownership', code: 'EOVERFLOW' },
  { faults: 'chown=ENOTSUP', preserve: ['ownership'], lost: 'ownership', code: 'ENOTSUP' },
  { faults: 'chown=ignored', preserve: ['ownership'], lost: 'ownership' },
  { faults: 'utimens=EPERM', preserve: ['timestamps'], lost: 'timestamps', code: 'EPERM' },
  { faults: 'utimens=ENOTSUP', preserve: ['timestamps'], lost: 'timestamps', code: 'ENOTSUP' },
  { faults: 'utimens=ENOSYS', preserve: ['timestamps'], lost: 'timestamps', code: 'ENOSYS' },
  { faults: 'utimens=ignored', preserve: ['timestamps'], lost: 'timestamps' },
  { faults: 'mode=777 chmod=EPERM', preserve: ['mode'], lost: 'mode', code: 'EPERM' },
  { faults: 'mode=777 chmod=ENOTSUP', preserve: ['mode'], lost: 'mode', code: 'ENOTSUP' },
  { faults: 'mode=777 chmod=ENOSYS', preserve: ['mode'], lost: 'mode', code: 'ENOSYS' },
  { faults: 'mode=777 chmod=ignored', preserve: ['mode'], lost: 'mode' },
  { faults: 'mode=644 chmod=ignored', preserve: ['ownership', 'special'], lost: 'special' },
];

const NAMES = ['a', 'b', 'deep/c'];

/** Files with every attribute, one that no copy has by chance. */
function writeSource(root: string): void {
  mkdirSync(join(root, 'deep'));
  for (const name of NAMES) {
    const file = join(root, name);
    writeFileSync(file, name);
    execFileSync('setfattr', ['-n', 'user.origin', '-v', 'somewhere', file]);
    execFileSync('setfacl', ['-m', 'u:65534:r', file]);
    chownSync(file, 1234, 1234);
    chmodSync(file, 0o4640);
    execFileSync('touch', ['-d', MODIFIED.toISOString(), file]);
  }
  // Long ago, so that no copy has the same by chance.
  execFileSync('touch', ['-d', MODIFIED.toISOString(), join(root, 'deep'), root]);
}

const ways: { name: string; held?: boolean }[] = [
  { name: 'on the calling thread' },
  { name: 'in worker threads', held: true },
];

describeFaulty('attributes that a filesystem cannot hold', () => {
  let home: string;
  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'fs-reflink-attributes-'));
    mkdirSync(join(home, 'in'));
    writeSource(join(home, 'in'));
  });
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  const expectOne = (warnings: string[] | undefined, { lost, code }: Loss, first: string, count: number) => {
    const copies =
      count === 1
        ? `for ${JSON.stringify(first)}`
        : `for ${count} copies, the first is ${JSON.stringify(first)}`;
    expect(warnings).toEqual([expect.stringContaining(`('${lost}' in preserve)`)]);
    expect(warnings![0]).toContain(`were not preserved ${copies}${code ? ` (${code})` : ''}`);
    expect(warnings![0]).toContain(`leave '${lost}' out of preserve`);
  };

  describe.each(ways)('copy $name', ({ held }) => {
    let workers: PreparedCopies | undefined;
    beforeAll(async () => {
      if (held) workers = await bootWorkers(2);
    });
    afterAll(() => workers?.dispose());

    test.each(losses)('warns once that $faults loses $lost, and places all files', async (loss) => {
      using faulty = mountFaulty(loss.faults);
      const options: CopyOptions = { cwd: home, preserve: loss.preserve };
      const report = await copy({ from: 'in', to: join(faulty.path, 'out') }, options);
      expect(report).toMatchObject({ files: 3, methods: { read_write: { files: 3 } } });
      // Directories have a mode and times of their own, and here nothing else.
      const all = loss.lost === 'mode' || loss.lost === 'timestamps';
      expectOne(report.warnings, loss, join(faulty.path, all ? 'out' : 'out/a'), all ? 5 : 3);
      for (const name of NAMES) expect(readFileSync(join(faulty.path, 'out', name), 'utf8')).toBe(name);
    });
  });

  test.each(losses)('copyFile and copyFileSync warn that $faults loses $lost', async (loss) => {
    using faulty = mountFaulty(loss.faults);
    const run = (name: string) => [join(home, 'in/a'), join(faulty.path, name)] as const;
    const { preserve } = loss;
    const results = [await copyFile(...run('one'), { preserve }), copyFileSync(...run('two'), { preserve })];
    expectOne(results[0]!.warnings, loss, join(faulty.path, 'one'), 1);
    expectOne(results[1]!.warnings, loss, join(faulty.path, 'two'), 1);
  });

  test.each(losses.filter(({ lost }) => lost === 'mode' || lost === 'special'))(
    'a copy with a transform warns that $faults loses $lost, and finds the files unchanged later',
    async (loss) => {
      using faulty = mountFaulty(loss.faults);
      const to = join(faulty.path, 'out');
      // No directory, which would be among the copies without the attribute.
      const targets = { from: ['in/a', 'in/b'], to, transform: (content: Buffer) => `made of ${content}` };
      const options = { cwd: home, preserve: loss.preserve.filter((each) => each !== 'ownership') };
      const first = await copy(targets, options);
      expect(first).toMatchObject({ files: 2, methods: { transform: { files: 2 } } });
      expectOne(first.warnings, loss, join(to, 'a'), 2);
      expect(readFileSync(join(to, 'a'), 'utf8')).toBe('made of a');
      const { ino } = statSync(join(to, 'a'));
      expect(await copy(targets, options)).toMatchObject({ files: 0, unchanged: 2 });
      expect(statSync(join(to, 'a')).ino).toBe(ino);
    },
  );

  describe('copyFile without the native lane', () => {
    const [lane] = lanes.filter(({ native }) => !native);
    let opened: Awaited<ReturnType<Lane['open']>>;
    beforeAll(async () => {
      opened = await lane!.open();
    });
    afterAll(() => opened?.close());

    const possible = losses.filter(({ lost }) => lost !== 'xattr' && lost !== 'acl');
    test.each(possible)('warns that $faults loses $lost', async (loss) => {
      using faulty = mountFaulty(loss.faults);
      const destination = join(faulty.path, 'copy');
      const copied = await opened.run(join(home, 'in/a'), destination, { preserve: loss.preserve });
      expectOne(copied.warnings, loss, destination, 1);
    });
  });

  test('nothing is said of attributes that nobody asked for', async () => {
    using faulty = mountFaulty('xattr=ENOTSUP chown=EPERM chmod=EPERM utimens=EPERM mode=777');
    const options = { cwd: home, preserve: [] };
    const report = await copy({ from: 'in', to: join(faulty.path, 'out') }, options);
    expect(report).toMatchObject({ files: 3, warnings: [] });
  });

  test('nothing is said where the source has none, or the destination holds them', async () => {
    using faulty = mountFaulty('xattr=ENOTSUP');
    using real = mountFilesystem('btrfs');
    const preserve: Attribute[] = ['mode', 'timestamps', 'ownership', 'special', 'xattr', 'acl'];
    writeFileSync(join(home, 'plain'), 'plain');
    expect(await copyFile(join(home, 'plain'), join(faulty.path, 'plain'), { preserve })).toEqual({
      method: 'read_write',
      bytes: 5,
    });
    const report = await copy({ from: 'in', to: join(real.path, 'a/out') }, { cwd: home, preserve });
    expect(report).toMatchObject({ files: 3, warnings: [] });
  });

  test.each(['EPERM', 'ENOTSUP'])('hard links that the destination refuses (%s) are copies', async (code) => {
    using faulty = mountFaulty(`link=${code}`);
    mkdirSync(join(home, 'linked'));
    writeFileSync(join(home, 'linked/first'), 'content');
    for (const name of ['second', 'third']) linkSync(join(home, 'linked/first'), join(home, 'linked', name));
    const to = join(faulty.path, 'out');
    const report = await copy({ from: 'linked', to }, { cwd: home, preserve: ['links'] });
    rmSync(join(home, 'linked'), { recursive: true });
    expect(report).toMatchObject({ files: 3, methods: { read_write: { files: 3 } } });
    expect(report.warnings).toEqual([
      expect.stringContaining(`the hard links ('links' in preserve) were not preserved for 2 copies`),
    ]);
    expect(report.warnings[0]).toContain(`(${code})`);
  });

  test('a directory that cannot hold them is among the copies', async () => {
    using faulty = mountFaulty('chown=EPERM');
    chownSync(join(home, 'in/deep'), 1234, 1234);
    const options: CopyOptions = { cwd: home, preserve: ['ownership'] };
    const report = await copy({ from: 'in', to: join(faulty.path, 'out') }, options);
    const loss: Loss = { faults: '', preserve: [], lost: 'ownership', code: 'EPERM' };
    expect(report.files).toBe(3);
    expectOne(report.warnings, loss, join(faulty.path, 'out/a'), 4);
  });
});
