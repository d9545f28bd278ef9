import { copy } from 'fs-reflink';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { generateFiles } from '../support/trees.ts';
import { contentsOf, fill, workspace } from './support.ts';

/** More than what is copied without a look at the clock. */
const FILES = 400;

describe('a copy while no workers stand ready', () => {
  let started = 0;
  const count = () => started++;
  beforeEach(() => {
    started = 0;
    process.on('worker', count);
  });
  afterEach(() => void process.off('worker', count));

  test('of small files places all of them once, whichever thread does', async () => {
    const cwd = workspace();
    fill(`${cwd}/from`, { files: FILES, folders: 7 });
    const report = await copy({ from: 'from', to: 'to' }, { cwd, entries: true });
    expect(report.files).toBe(FILES);
    expect(new Set(report.entries!.map(({ destination }) => destination)).size).toBe(FILES);
    expect(contentsOf(`${cwd}/to`)).toEqual(contentsOf(`${cwd}/from`));
  });

  test('of large files is left to workers, so that the thread stays free', async () => {
    const cwd = workspace();
    generateFiles(`${cwd}/from`, { files: 40, folders: 1, minBytes: 300_000, maxBytes: 300_000 });
    const report = await copy({ from: 'from', to: 'to' }, { cwd, concurrency: 2 });
    expect(report.files).toBe(40);
    expect(started).toBe(2);
    expect(contentsOf(`${cwd}/to`)).toEqual(contentsOf(`${cwd}/from`));
  });

  test('that is ended places no more', async () => {
    const cwd = workspace();
    fill(`${cwd}/from`, { files: FILES, folders: 7 });
    const controller = new AbortController();
    const copied = copy({ from: 'from', to: 'to' }, { cwd, signal: controller.signal });
    controller.abort();
    await expect(copied).rejects.toMatchObject({ code: 'ABORT_ERR' });
    const placed = Object.values(contentsOf(`${cwd}/to`)).filter((content) => content !== 'directory');
    expect(placed.length).toBeLessThan(FILES);
  });

  test('whose callback throws ends with what it threw', async () => {
    const cwd = workspace();
    fill(`${cwd}/from`, { files: FILES, folders: 7 });
    const copied = copy(
      { from: 'from', to: 'to' },
      {
        cwd,
        onProgress: () => {
          throw new Error('the callback of the user');
        },
      },
    );
    await expect(copied).rejects.toThrow('the callback of the user');
    expect(Object.values(contentsOf(`${cwd}/to`)).length).toBeLessThan(FILES);
  });
});
