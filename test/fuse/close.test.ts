import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { copy } from 'fs-reflink';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lanes } from '../support/lanes.ts';
import { describeFaulty, mountFaulty } from './faulty.ts';

const SIZES = { small: 3000, large: 700_001 };

const ways = [
  {},
  { atomic: true },
  { preserve: [] },
  { preserve: [], overwrite: 'changed' },
  { reflink: 'never' },
  { durability: 'file' },
] as const;

/** As NFS with a quota, and filesystems in user space that upload a file when it is closed. */
describeFaulty('a filesystem that reports only when a file is closed that it could not write it', () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'fs-reflink-close-'));
    mkdirSync(join(home, 'in'));
    for (const [name, size] of Object.entries(SIZES)) writeFileSync(join(home, 'in', name), 'x'.repeat(size));
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  const rows = lanes.flatMap(({ name, open }) =>
    ways.flatMap((options) =>
      ['small', 'large'].map((file) => ({ name, open, file, options, as: JSON.stringify(options) })),
    ),
  );
  test.each(rows)('$name fails, and leaves nothing new: $file, $as', async ({ open, file, options }) => {
    using faulty = mountFaulty('flush=EDQUOT');
    const lane = await open();
    try {
      const run = (to: string) => lane.run(join(home, 'in', file), join(faulty.path, to), options);
      expect(await run('new/file')).toMatchObject({ code: 'EDQUOT' });
      expect(readdirSync(join(faulty.behind, 'new'))).toEqual([]);
      writeFileSync(join(faulty.behind, 'old'), 'old');
      expect(await run('old')).toMatchObject({ code: 'EDQUOT' });
      expect(readFileSync(join(faulty.behind, 'old'), 'utf8')).toBe('old');
      expect(readdirSync(faulty.behind).sort()).toEqual(['new', 'old']);
    } finally {
      await lane.close();
    }
  });

  test('a copy of a directory fails, and says at which call', async () => {
    using faulty = mountFaulty('flush=EDQUOT');
    const act = copy({ from: 'in', to: join(faulty.path, 'out') }, { cwd: home });
    await expect(act).rejects.toMatchObject({ code: 'EDQUOT', syscall: 'close' });
    expect(readdirSync(join(faulty.behind, 'out'))).toEqual([]);
  });

  test('a transformed file keeps its old content', async () => {
    using faulty = mountFaulty('flush=EDQUOT');
    writeFileSync(join(faulty.behind, 'small'), 'old');
    const target = { from: 'in/small', to: faulty.path, transform: () => 'new' };
    await expect(copy(target, { cwd: home })).rejects.toMatchObject({ code: 'EDQUOT', syscall: 'close' });
    expect(readdirSync(faulty.behind)).toEqual(['small']);
    expect(readFileSync(join(faulty.behind, 'small'), 'utf8')).toBe('old');
  });

  test('a manifest is not written, with a warning', async () => {
    using faulty = mountFaulty('flush=EDQUOT');
    const manifest = join(faulty.path, 'm.manifest');
    const { files, warnings } = await copy({ from: 'in', to: 'out' }, { cwd: home, manifest });
    expect(files).toBe(2);
    expect(warnings).toEqual([expect.stringContaining('EDQUOT')]);
    expect(existsSync(manifest)).toBe(false);
  });
});
