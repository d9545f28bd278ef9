import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CopyReport, Probe } from 'fs-reflink';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contentsOf, fill } from '../core/support.ts';
import { sharesExtents } from '../support/extents.ts';
import { mountFilesystem } from '../support/filesystems.ts';
import {
  btrfsPlaces,
  copyingPlaces,
  describeOn,
  type MountedPlace,
  type Place,
  xfsPlaces,
} from '../support/places.ts';
import { json, output, run } from './support.ts';

const MIB = 1024 * 1024;

/** What probe says of a place that cannot clone. */
const adviceOn: Record<string, string> = {
  'xfs without reflink': 'This XFS was made without reflink',
  ext4: 'ext4 cannot clone; btrfs, and XFS made with reflink=1, can.',
  tmpfs: 'tmpfs cannot clone; btrfs, and XFS made with reflink=1, can.',
  'overlay on ext4': 'An overlay clones only where its upper layer',
};

for (const place of [...btrfsPlaces, ...xfsPlaces, ...copyingPlaces]) {
  describeOn(place.needs, `the command on ${place.name}`, () => describePlace(place));
}

function describePlace(place: Place): void {
  let mounted: MountedPlace;
  let large: string;
  beforeAll(() => {
    mounted = place.mount();
    large = join(mounted.source, 'large');
    writeFileSync(large, Buffer.alloc(MIB, 'large'));
    fill(join(mounted.source, 'many'), { files: 40, folders: 2 });
  });
  afterAll(() => mounted?.unmount());

  it('names the method that copied a file', () => {
    const copy = join(mounted.destination, 'copy');
    const printed = output(['cp', large, copy]);
    expect(printed).toContain(place.clones ? '1 cloned (ficlone)' : '1 copied (copy_file_range)');
    if (place.clones) expect(sharesExtents(large, copy)).toBe(true);
  });

  it('counts a whole directory by method', () => {
    const { methods, files } = json<CopyReport>(['cp', mounted.source, join(mounted.destination, 'all')]);
    expect(files).toBe(41);
    const expected = place.clones ? ['ficlone', 'read_write'] : ['copy_file_range', 'read_write'];
    // One file is empty: there is nothing to clone.
    expect(Object.keys(methods).sort()).toEqual(expected);
    expect(methods.read_write?.files).toBe(place.clones ? 1 : 40);
  });

  it('fails with --reflink where it cannot clone', () => {
    const { status, stdout, stderr } = run(['cp', '--reflink', large, join(mounted.destination, 'clone')]);
    if (!place.clones)
      expect(stderr).toContain(
        '; it cannot be cloned: to have it copied, set "reflink" (--reflink) to \'auto\'',
      );
    expect(status).toBe(place.clones ? 0 : 1);
    if (place.clones) expect(stdout).toContain('1 cloned (ficlone)');
    else expect(stderr).toContain('ficlone');
    expect(existsSync(join(mounted.destination, 'clone'))).toBe(place.clones);
  });

  it('says by probe what would be done, and advises where cloning is not possible', () => {
    const before = [contentsOf(mounted.source), contentsOf(mounted.destination)];
    const printed = output(['probe', mounted.source, mounted.destination]);
    expect(printed).toMatch(
      place.clones ? /^clone \(reflink\) +yes {2}files share/m : /^clone \(reflink\) +no .*\(ENOTSUP\)$/m,
    );
    expect(printed).toContain(`copy from here to there uses ${place.clones ? 'ficlone' : 'copy_file_range'}`);
    const advice = adviceOn[place.name];
    if (advice) expect(printed.replace(/\s+/g, ' ')).toContain(advice);
    else expect(printed).not.toMatch(/^- /m);
    expect(printed.split('\n').every((line) => line.length < 120)).toBe(true);
    expect([contentsOf(mounted.source), contentsOf(mounted.destination)]).toEqual(before);
  });
}

describeOn(['btrfs', 'ext4'], 'the command between two filesystems', () => {
  it('says that they are two', () => {
    using btrfs = mountFilesystem('btrfs');
    using ext4 = mountFilesystem('ext4', { sizeMiB: 64 });
    const printed = output(['probe', btrfs.path, ext4.path]).replace(/\s+/g, ' ');
    expect(printed).toMatch(/clone \(reflink\) no these are different filesystems \(EXDEV\)/);
    expect(printed).toContain('share blocks only within one filesystem, and these are two (btrfs and ext4).');
    const found = json<Probe & { advice: string[] }>(['probe', btrfs.path, ext4.path]);
    expect(found.reflink).toEqual({ supported: false, code: 'EXDEV' });
    expect(found.advice).toHaveLength(2);
  });
});

describeOn(['ext4'], 'the command without the native lane', () => {
  it('says so, and why', () => {
    using ext4 = mountFilesystem('ext4', { sizeMiB: 64 });
    const { status, stdout } = run(['probe', ext4.path], { env: { FS_REFLINK_NATIVE: 'off' } });
    expect(status).toBe(0);
    expect(stdout.replace(/\s+/g, ' ')).toContain('not loaded (switched off by FS_REFLINK_NATIVE)');
    expect(stdout).toContain('uses node_fs.');
  });

  it('fails to probe where nothing can be written', () => {
    using ext4 = mountFilesystem('ext4', { sizeMiB: 64 });
    ext4.remount('ro');
    const { status, stderr } = run(['probe', ext4.path]);
    expect(status).toBe(1);
    expect(stderr).toContain('EROFS');
  });
});

for (const kind of ['tmpfs', 'ext4'] as const) {
  describeOn([kind], `the command on a full ${kind}`, () => {
    it('fails with both paths and the code, and leaves nothing in part', () => {
      using disk = mountFilesystem(kind, { sizeMiB: 16 });
      using other = mountFilesystem('tmpfs', { sizeMiB: 64 });
      const source = join(other.path, 'large');
      writeFileSync(source, Buffer.alloc(24 * MIB, 'x'));
      mkdirSync(join(disk.path, 'to'));
      const destination = join(disk.path, 'to/large');
      const { status, stdout, stderr } = run(['cp', source, destination]);
      expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
      expect(stderr).toMatch(/^fs-reflink: .*\n$/);
      expect(stderr).toContain(
        `Cannot copy "${source}" to "${destination}": ENOSPC: no space left on device`,
      );
      const verbose = run(['cp', '-v', source, destination]).stderr;
      expect(verbose).toMatch(/\n {2}tried before: ficlone \(EXDEV\)\n/);
      const { error, copied } = JSON.parse(run(['cp', '--json', source, destination]).stdout);
      expect(error).toMatchObject({ code: 'ENOSPC', source, destination });
      expect(copied).toEqual({ files: 0, bytes: 0, methods: {} });
      expect(contentsOf(join(disk.path, 'to'))).toEqual({});
    });
  });
}

describe('probe', () => {
  it('takes the current directory twice when it is given none', () => {
    const found = json<Probe>(['probe'], '/tmp');
    expect([found.source.path, found.destination.path]).toEqual(['/tmp', '/tmp']);
    expect(found.method).toBeDefined();
  });
});
