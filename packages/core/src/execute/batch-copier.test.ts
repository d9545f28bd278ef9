import { linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ChangedNames } from '../plan/record.ts';
import { loadSystem } from '../platform/load.ts';
import { emptyTally } from '../report.ts';
import { resolveCopyOptions } from '../resolve-options.ts';
import { BatchCopier } from './batch-copier.ts';
import { SharedQueue } from './shared-queue.ts';

const cwd = mkdtempSync(join(tmpdir(), 'reflink-left-'));
afterAll(() => rmSync(cwd, { recursive: true }));

describe('files that workers left to the calling thread', () => {
  it('are copied in the order of the plan, whichever worker left them first', () => {
    const source = join(cwd, 'in');
    mkdirSync(join(source, 'deep'), { recursive: true });
    writeFileSync(join(source, 'one'), 'linked');
    for (const name of ['two', 'deep/three']) linkSync(join(source, 'one'), join(source, name));
    const { job } = resolveCopyOptions(
      { from: 'in', to: 'out' },
      { cwd, preserve: ['links'], entries: true },
    );
    const queue = new SharedQueue({ records: false, outcomes: false });
    const tally = emptyTally();
    const hooks = { progress() {}, large() {}, planned() {} };
    const changed = new ChangedNames();
    const copier = new BatchCopier({ queue, job, system: loadSystem(), hooks, tally, changed });
    const root = join(cwd, 'out');
    queue.publish({ source, root, below: '', target: 0, names: ['one', 'two'] });
    queue.publish({ source: join(source, 'deep'), root, below: 'deep', target: 0, names: ['three'] });
    const left: [number, number][] = [
      [1, 0],
      [0, 1],
      [0, 0],
    ];
    try {
      for (const _file of copier.copyLeft(left, queue));
    } finally {
      copier.close();
    }
    expect(tally.entries.map(({ destination }) => destination)).toEqual(
      ['one', 'two', 'deep/three'].map((name) => join(root, name)),
    );
    expect(tally.entries.map(({ method }) => method === 'hard_link')).toEqual([false, true, true]);
  });
});
