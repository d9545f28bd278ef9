import { randomBytes } from 'node:crypto';
import { lstatSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeSparse } from '../filesystems/cases.ts';
import { allocatedBytes } from '../support/extents.ts';
import { type Lane, lanes } from '../support/lanes.ts';
import { describeFaulty, type FaultyFilesystem, mountFaulty } from './faulty.ts';

const KiB = 1024;

/** What filesystems without the truth about holes answer: virtiofs, old ZFS, NFS, FUSE. */
const lies = ['blocks=0 lseek=ENXIO', 'blocks=0 lseek=eof', 'blocks=0 lseek=EIO'];

const ways = [
  { options: {}, method: 'read_write' },
  { options: { reflink: 'never' }, method: 'read_write' },
  { options: { pageCache: 'bypass' }, method: 'direct' },
] as const;

/** No multiple of any block, and zeros in the middle and at the end that are data. */
const contents: [name: string, content: Buffer][] = [
  ['64 KiB', randomBytes(64 * KiB)],
  ['a byte more than 512 KiB', randomBytes(512 * KiB + 1)],
  ['zeros in it', Buffer.concat([randomBytes(100_000), Buffer.alloc(300_000), randomBytes(70_001)])],
  ['zeros at its end', Buffer.concat([randomBytes(100_000), Buffer.alloc(300_001)])],
  ['nothing but zeros', Buffer.alloc(300_001)],
];

describeFaulty('a filesystem that lies about holes', () => {
  let home: string;
  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'fs-reflink-holes-'));
  });
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  describe.each(lies)('%s', (faults) => {
    let faulty: FaultyFilesystem;
    beforeAll(() => {
      faulty = mountFaulty(faults);
      for (const [name, content] of contents) writeFileSync(join(faulty.behind, name), content);
      writeSparse(join(faulty.behind, 'sparse'));
    });
    afterAll(() => faulty?.unmount());

    describe.each(lanes)('$name', (lane) => {
      const opened = openLane(lane);

      test.each(ways)('copies every byte with $options', async ({ options, method }) => {
        const directory = mkdtempSync(join(home, 'copied-'));
        for (const [name, content] of contents) {
          const destination = join(directory, name);
          expect(await opened().run(join(faulty.path, name), destination, options), name).toEqual({
            method: lane.native ? method : 'node_fs',
            bytes: content.length,
          });
          expect(readFileSync(destination).equals(content), name).toBe(true);
        }
      });

      // node:fs writes all zeros out.
      if (!lane.native) return;
      test.each(ways)('leaves zeros unwritten with $options', async ({ options }) => {
        const destination = join(mkdtempSync(join(home, 'sparse-')), 'copy');
        const source = join(faulty.path, 'sparse');
        await opened().run(source, destination, options);
        expect(readFileSync(destination).equals(readFileSync(source))).toBe(true);
        expect(allocatedBytes(destination)).toBeLessThanOrEqual(
          allocatedBytes(join(faulty.behind, 'sparse')),
        );
      });
    });
  });

  test('reads a file without blocks to its end also where holes are told, and keeps it sparse', async () => {
    const opened = await lanes.find(({ name }) => name === 'copyFileSync')!.open();
    const [source, destination] = [join(home, 'hole'), join(home, 'copy of a hole')];
    writeFileSync(source, '');
    truncateSync(source, 5 * KiB * KiB + 1);
    expect(await opened.run(source, destination, {})).toEqual({
      method: 'read_write',
      bytes: lstatSync(source).size,
    });
    expect(readFileSync(destination).equals(readFileSync(source))).toBe(true);
    expect(allocatedBytes(destination)).toBe(0);
  });
});

function openLane(lane: Lane): () => Awaited<ReturnType<Lane['open']>> {
  let opened: Awaited<ReturnType<Lane['open']>>;
  beforeAll(async () => {
    opened = await lane.open();
  });
  afterAll(() => opened?.close());
  return () => opened;
}
