import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Report } from '../../options/options.ts';
import withReflink from '../../sveltekit.ts';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'reflink-sveltekit-'));
  mkdirSync(join(root, 'client'));
  writeFileSync(join(root, 'client/a.txt'), 'a');
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const builder = {
  log: Object.assign(() => {}, { warn: () => {} }),
  copy: () => [],
  getClientDirectory: () => join(root, 'client'),
};
const adapter = {
  name: 'test',
  async adapt({ writeClient }: { writeClient(destination: string): string[] }) {
    expect(writeClient(join(root, 'out'))).toEqual(['a.txt']);
    await wait(1);
  },
};
const adapt = (report: Report) => withReflink(adapter, { report }).adapt(builder as never);

test('the build waits for the promise of a function that gets the report', async () => {
  const done = vi.fn();
  await adapt((async () => wait(20).then(done)) as () => void);
  expect(done).toHaveBeenCalled();
});

test('the build fails if that promise rejects', () =>
  expect(adapt((async () => Promise.reject(new Error('on purpose'))) as () => void)).rejects.toThrow(
    'on purpose',
  ));

test('the error of a copy keeps its stack: Vite 6 and 7 print nothing else of an error of an adapter', async () => {
  rmSync(join(root, 'out'), { recursive: true, force: true });
  mkdirSync(join(root, 'out/a.txt/blocked'), { recursive: true });
  const message = `to "${join(root, 'out/a.txt')}": EISDIR`;
  await expect(adapt(false)).rejects.toMatchObject({ stack: expect.stringContaining(message) });
});
