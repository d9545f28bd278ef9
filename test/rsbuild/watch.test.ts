import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { BUNDLE } from '../hosts/cases.ts';
import { identityOf, makeProject } from '../hosts/project.ts';
import { pastTick } from '../support/clock.ts';
import { replaceAtOnce } from '../support/watches.js';
import { type Built, reporting, rsbuildOf } from './hosts.ts';

const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

test('the public directory that is the default may be deleted and made again while a build watches', async () => {
  const root = makeProject({ 'public/p.txt': 'public' });
  await pastTick();
  const said: Built = { warnings: [], errors: [], log: [] };
  const { plugin } = reporting({ targets: [{ from: 'assets/a.txt' }] });
  const rsbuild = await rsbuildOf(root, { plugins: [plugin] }, said);
  let builds = 0;
  rsbuild.onAfterBuild(() => void builds++);
  const { close } = await rsbuild.build({ watch: true });
  closing.push(close);
  const until = async (isThere: boolean) => {
    while (existsSync(join(root, 'dist/p.txt')) !== isThere && said.errors.length === 0) await wait(5);
    expect(said.errors).toEqual([]);
  };
  await until(true);
  while (builds === 0) await wait(5);
  await pastTick();
  renameSync(join(root, 'public'), join(root, 'elsewhere'));
  await until(false);
  expect(readFileSync(join(root, 'dist/a.txt'), 'utf8')).toBe('a');
  await pastTick();
  renameSync(join(root, 'elsewhere'), join(root, 'public'));
  await until(true);
});

test('a build that watches copies what changes, comes and goes, and empties the output once', async () => {
  const root = makeProject({ 'public/p.txt': 'public', 'public/q.txt': 'public' });
  writeFileSync(join(root, 'public/stale.txt'), 'stale');
  await pastTick();
  const said: Built = { warnings: [], errors: [], log: [] };
  const { plugin, reports } = reporting({ targets: [{ from: 'assets', to: 'assets' }] });
  const rsbuild = await rsbuildOf(root, { output: { cleanDistPath: true }, plugins: [plugin] }, said);
  let builds = 0;
  rsbuild.onAfterBuild(() => void builds++);
  const { close } = await rsbuild.build({ watch: true });
  closing.push(close);
  // The watcher may also build once more for the change before.
  const after = async (act: () => void, isSeen: () => boolean) => {
    // A file whose times are too recent would be copied again.
    await pastTick();
    const count = builds;
    act();
    while (builds === count || !isSeen()) await wait(5);
  };
  while (builds === 0) await wait(5);
  const read = (name: string) => readFileSync(join(root, 'dist', name), 'utf8');
  expect(read('p.txt')).toBe('public');
  const before = identityOf(join(root, 'dist/q.txt'));
  writeFileSync(join(root, 'dist/foreign.txt'), 'of somebody else');

  await after(
    () => replaceAtOnce(join(root, 'public/p.txt'), 'changed'),
    () => read('p.txt') === 'changed',
  );
  expect(reports.at(-1)).toMatchObject({ files: 1 });
  await after(
    () => replaceAtOnce(join(root, 'assets/sub/added.txt'), 'added'),
    () => existsSync(join(root, 'dist/assets/sub/added.txt')),
  );
  await after(
    () => rmSync(join(root, 'public/stale.txt')),
    () => !existsSync(join(root, 'dist/stale.txt')),
  );
  await after(
    () => replaceAtOnce(join(root, 'main.js'), 'console.log("bundled again")'),
    () => read(BUNDLE).includes('bundled again'),
  );
  expect(reports.at(-1)).toMatchObject({ files: 0 });
  expect(identityOf(join(root, 'dist/q.txt'))).toBe(before);
  expect(read('foreign.txt')).toBe('of somebody else');
  expect(said).toEqual({ warnings: [], errors: [], log: [] });
});
