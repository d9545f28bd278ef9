import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CopyOptions, copy, type Progress, type Target } from 'fs-reflink';
import { describe, expect, it } from 'vitest';
import { bootWorkers } from '../support/workers.ts';
import { contentsOf, fill, inProcess, leavingNothing, rejection, workspace } from './support.ts';

const MIB = 1024 * 1024;
const LARGE = 200 * MIB;

const ways: { name: string; files: number; target?: Partial<Target>; held?: boolean }[] = [
  { name: 'on the calling thread', files: 12 },
  { name: 'in worker threads', files: 150 },
  { name: 'with functions', files: 150, target: { filter: () => true } },
  { name: 'in worker threads that stand ready', files: 12, held: true },
];

function prepared(files: number): string {
  const cwd = workspace();
  fill(join(cwd, 'in'), { files, folders: 3 });
  return cwd;
}

/** Creates one file with a large hole at its end, so that the test copies fewer bytes than its size. */
function preparedLarge(): string {
  const cwd = workspace();
  writeFileSync(join(cwd, 'large'), Buffer.alloc(LARGE / 10, 1));
  truncateSync(join(cwd, 'large'), LARGE);
  return cwd;
}

async function watched(cwd: string, from: string, options: CopyOptions = {}, target: Partial<Target> = {}) {
  const events: Progress[] = [];
  const onProgress = (event: Progress) => void events.push(event);
  const report = await copy({ from, to: 'out', ...target }, { cwd, onProgress, ...options });
  return { events, report };
}

describe.each(ways)('progress $name', ({ files, target, held }) => {
  it('tells of every file once it is done, and counts', async () => {
    const cwd = prepared(files);
    const workers = held ? await bootWorkers(2) : undefined;
    const { events, report } = await watched(cwd, 'in', {}, target);
    await workers?.dispose();
    expect(events).toHaveLength(files);
    expect(new Set(events.map(({ destination }) => destination)).size).toBe(files);
    expect(events.map((event) => event.files)).toEqual(events.map((_event, index) => index + 1));
    expect(events.at(-1)).toMatchObject({ files: report.files, bytes: report.bytes });
    for (const { done, fileBytes, fileSize, method, source, destination } of events) {
      expect({ done, fileBytes }).toEqual({ done: true, fileBytes: fileSize });
      expect(Object.keys(report.methods)).toContain(method);
      expect(destination).toBe(source.replace(join(cwd, 'in'), join(cwd, 'out')));
    }
  });

  it('does not change how files are copied', async () => {
    const cwd = prepared(files);
    const { report } = await watched(cwd, 'in', {}, target);
    const without = await copy({ from: 'in', to: 'other', ...target }, { cwd });
    expect(report.methods).toEqual(without.methods);
  });

  it('tells of files that were left as they were, without a method', async () => {
    const cwd = prepared(files);
    await copy({ from: 'in', to: 'out' }, { cwd });
    const { events, report } = await watched(cwd, 'in', { overwrite: false }, target);
    expect(report.unchanged).toBe(files);
    expect(events).toHaveLength(files);
    for (const event of events) {
      expect(event).toMatchObject({ done: true, bytes: 0 });
      expect(event).not.toHaveProperty('method');
    }
  });

  it('that throws ends the copy with what it threw, and leaves nothing running', async () => {
    const mine = new RangeError('mine');
    const throwing = () => {
      throw mine;
    };
    for (const callback of ['onProgress', 'onPlanned']) {
      const cwd = prepared(files);
      const options = { cwd, [callback]: throwing };
      const act = () => copy({ from: 'in', to: 'out', ...target }, options);
      expect(await leavingNothing(cwd, () => rejection(act))).toBe(mine);
      const out = contentsOf(join(cwd, 'out'));
      const given = contentsOf(join(cwd, 'in'));
      for (const [path, content] of Object.entries(out)) expect(content, path).toBe(given[path]);
    }
  });
});

describe('progress of a large file', () => {
  it('is told by parts that grow, and does not change the method', async () => {
    const cwd = preparedLarge();
    const { events, report } = await watched(cwd, 'large', { reflink: 'never' });
    const without = await copy({ from: 'large', to: 'other' }, { cwd, reflink: 'never' });
    expect(report.methods).toEqual(without.methods);
    expect(events.length).toBeGreaterThan(2);
    const parts = events.slice(0, -1);
    expect(parts.map(({ fileBytes }) => fileBytes)).toEqual(
      parts.map(({ fileBytes }) => fileBytes).sort((a, b) => a - b),
    );
    for (const part of parts) {
      expect(part).toMatchObject({ done: false, fileSize: LARGE, files: 0, bytes: 0 });
      expect(part).not.toHaveProperty('method');
      expect(part.fileBytes).toBeLessThan(LARGE);
    }
    expect(events.at(-1)).toMatchObject({ done: true, fileBytes: LARGE, files: 1, bytes: LARGE });
  });

  it('that throws ends the copy in the middle of it, and removes it', async () => {
    const cwd = preparedLarge();
    const mine = new Error('mine');
    const seen: number[] = [];
    const onProgress = ({ fileBytes }: Progress) => {
      seen.push(fileBytes);
      throw mine;
    };
    const act = () => copy({ from: 'large', to: 'out' }, { cwd, reflink: 'never', onProgress });
    expect(await leavingNothing(cwd, () => rejection(act))).toBe(mine);
    expect(seen).toHaveLength(1);
    expect(seen[0]).toBeLessThan(LARGE);
  });

  it('the process of a callback that throws ends by itself', () => {
    const cwd = prepared(150);
    const body = `return lib.copy({ from: 'in', to: 'out' }, { ...argument, onProgress() { throw new Error('mine') } })`;
    expect(inProcess(body, { cwd }).error).toMatchObject({ name: 'Error', message: 'mine' });
  });
});
