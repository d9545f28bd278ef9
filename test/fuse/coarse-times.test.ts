import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { copy, plan } from 'fs-reflink';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { pastTick } from '../support/clock.ts';
import { lanes } from '../support/lanes.ts';
import { describeFaulty, mountFaulty } from './faulty.ts';

/** Modification times, in seconds, of files in a tree: in even and in odd seconds, and between them. */
const TIMES = { a: 1_580_608_922, b: 1_580_608_922.51, c: 1_580_608_923, 'deep/d': 1_580_608_923.999 };

describeFaulty("overwrite: 'changed' on a filesystem with coarse times", () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'fs-reflink-coarse-'));
    mkdirSync(join(home, 'in/deep'), { recursive: true });
    for (const [name, time] of Object.entries(TIMES)) {
      writeFileSync(join(home, 'in', name), 'old');
      utimesSync(join(home, 'in', name), time, time);
    }
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  test.each(['tick=1', 'tick=2'])('%s: a second run copies only what has changed', async (faults) => {
    using faulty = mountFaulty(faults);
    const to = join(faulty.path, 'out');
    const run = (act = copy) => act({ from: 'in', to }, { cwd: home, overwrite: 'changed' });
    expect(await run()).toMatchObject({ files: 4, methods: { read_write: { files: 4 } } });
    expect(await run(plan)).toMatchObject({ files: 0, unchanged: 4 });
    expect(await run()).toMatchObject({ files: 0, unchanged: 4 });

    const changed = join(home, 'in/deep/d');
    writeFileSync(changed, 'new');
    utimesSync(changed, TIMES['deep/d'] + 2, TIMES['deep/d'] + 2);
    const report = await run();
    expect(report).toMatchObject({ files: 1, unchanged: 3, methods: { read_write: { files: 1 } } });
    expect(readFileSync(join(to, 'deep/d'), 'utf8')).toBe('new');
  });

  test.each(lanes)('$name leaves a file that is there', async ({ open }) => {
    using faulty = mountFaulty('tick=2');
    const lane = await open();
    try {
      const run = () => lane.run(join(home, 'in/deep/d'), join(faulty.path, 'd'), { overwrite: 'changed' });
      expect((await run()).bytes).toBe(3);
      expect((await run()).method ?? 'unchanged').toBe('unchanged');
    } finally {
      await lane.close();
    }
  });
});

describeFaulty('a filesystem that gives a renamed file its change time when the file is closed', () => {
  test.each([
    ['a file that was replaced', { atomic: false }],
    ['a new file with atomic', { atomic: true }],
  ])('the manifest knows %s as unchanged', async (_what, options) => {
    using faulty = mountFaulty('rename=late');
    const home = mkdtempSync(join(tmpdir(), 'fs-reflink-late-'));
    const to = join(faulty.path, 'out');
    const run = () => copy({ from: 'in', to }, { cwd: home, manifest: 'manifest', ...options });
    mkdirSync(join(home, 'in'));
    writeFileSync(join(home, 'in/a'), 'new');
    mkdirSync(to);
    if (!options.atomic) writeFileSync(join(to, 'a'), 'old');
    await pastTick();
    expect(await run()).toMatchObject({ files: 1, methods: { read_write: { files: 1 } } });
    expect(await run()).toMatchObject({ files: 0, unchanged: 1 });
    rmSync(home, { recursive: true });
  });
});
