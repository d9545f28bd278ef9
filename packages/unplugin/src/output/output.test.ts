import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Target } from 'fs-reflink';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { emptyOutput, loadEmptying } from './empty.ts';
import { OutputCopy, type OutputSettings } from './output.ts';
import { Preparation } from './preparation.ts';

const made: string[] = [];

/** Empties an output and starts a copy into it. */
const copyAfterEmptying = (settings: OutputSettings) =>
  new OutputCopy({ ...settings, emptied: emptyOutput(settings) });

afterEach(() => {
  for (const each of made.splice(0)) fs.rmSync(each, { recursive: true, force: true });
});

test('a file that is copied again after each of several bundles counts once', async () => {
  const root = fs.mkdtempSync(path.join(tmpdir(), 'reflink-output-'));
  made.push(root);
  const directory = path.join(root, 'dist');
  for (const name of ['one.js', 'two.js', 'three.js']) {
    fs.mkdirSync(path.join(root, 'ours'), { recursive: true });
    fs.writeFileSync(path.join(root, 'ours', name), name);
  }
  const copy = new OutputCopy({
    directory,
    cacheDirectory: path.join(root, 'cache'),
    publicTargets: [],
    targets: [{ from: path.join(root, 'ours') }],
    keep: [],
    engine: { entries: true },
    preparation: new Preparation(),
  });
  for (const bundle of [['one.js', 'two.js'], ['two.js']]) {
    await copy.deleteCollisions(bundle);
    for (const name of bundle) fs.writeFileSync(path.join(directory, name), 'bundled');
    await copy.copyTargetsAgain();
  }
  const { files, bytes, methods, entries } = await copy.report();
  expect({ files, bytes }).toEqual({ files: 3, bytes: 'one.jstwo.jsthree.js'.length });
  expect(Object.values(methods).map((each) => each.files)).toEqual([3]);
  expect(entries!.map(({ destination }) => path.basename(destination)).sort()).toEqual([
    'one.js',
    'three.js',
    'two.js',
  ]);
});

test('what configurations that are no more have copied is deleted, and reported', async () => {
  const root = fs.mkdtempSync(path.join(tmpdir(), 'reflink-output-'));
  made.push(root);
  for (const name of ['before/old.txt', 'before/same.txt', 'now/same.txt']) {
    fs.mkdirSync(path.join(root, path.dirname(name)), { recursive: true });
    fs.writeFileSync(path.join(root, name), name);
  }
  const build = async (name: string, orphaned: string[], dryRun = false) => {
    const copy = new OutputCopy({
      dryRun,
      directory: path.join(root, 'dist'),
      cacheDirectory: path.join(root, 'cache', name),
      publicTargets: [],
      targets: [{ from: path.join(root, name) }],
      keep: [],
      orphaned,
      engine: { entries: true },
      preparation: new Preparation(),
    });
    return copy.report();
  };
  await build('before', []);
  // A dry run deletes neither the files nor the record of them, so the second one reports the same.
  for (let count = 0; count < 2; count++) {
    const dry = await build('now', [path.join(root, 'cache/before')], true);
    expect(dry).toMatchObject({ files: 1, pruned: 1 });
    expect(fs.readdirSync(path.join(root, 'dist'))).toEqual(['old.txt', 'same.txt']);
  }
  const { files, pruned, entries } = await build('now', [path.join(root, 'cache/before')]);
  expect({ files, pruned }).toEqual({ files: 1, pruned: 1 });
  const actions = entries!.map(({ destination, action }) => [path.basename(destination), action]);
  expect(actions.sort()).toEqual([
    ['old.txt', 'pruned'],
    ['same.txt', 'copied'],
  ]);
  expect(fs.readdirSync(path.join(root, 'dist'))).toEqual(['same.txt']);
});

test('a dry run does not report what emptying deletes, which the bundler would have', async () => {
  const root = fs.mkdtempSync(path.join(tmpdir(), 'reflink-output-'));
  made.push(root);
  await loadEmptying();
  for (const name of ['ours/a', 'ours/b', 'dist/foreign']) {
    fs.mkdirSync(path.join(root, path.dirname(name)), { recursive: true });
    fs.writeFileSync(path.join(root, name), name);
  }
  const build = async (dryRun: boolean) => {
    const copy = copyAfterEmptying({
      dryRun,
      directory: path.join(root, 'dist'),
      cacheDirectory: path.join(root, 'cache'),
      publicTargets: [{ from: path.join(root, 'ours') }],
      targets: [],
      keep: [],
      engine: {},
      preparation: new Preparation(),
    });
    return copy.report();
  };
  expect(await build(true)).toMatchObject({ files: 2, pruned: 0 });
  expect(fs.readdirSync(path.join(root, 'dist'))).toEqual([]);
  await build(false);
  fs.rmSync(path.join(root, 'ours/a'));
  expect(await build(true)).toMatchObject({ pruned: 1 });
  expect(fs.readdirSync(path.join(root, 'dist'))).toEqual(['a', 'b']);
});

test.each(['emptied', 'only pruned'])(
  'a file in whose place there is a directory now was deleted, in an output that is %s',
  async (how) => {
    const root = fs.mkdtempSync(path.join(tmpdir(), 'reflink-output-'));
    made.push(root);
    await loadEmptying();
    const [source, directory] = [path.join(root, 'ours'), path.join(root, 'dist')];
    const write = (file: string) => {
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, file);
    };
    const settings = (dryRun: boolean): OutputSettings => ({
      dryRun,
      directory,
      cacheDirectory: path.join(root, 'cache'),
      publicTargets: [{ from: source }],
      targets: [],
      keep: [],
      engine: { entries: true },
      preparation: new Preparation(),
    });
    const build = async (dryRun = false) => {
      const copy = how === 'emptied' ? copyAfterEmptying(settings(dryRun)) : new OutputCopy(settings(dryRun));
      return copy.report();
    };
    write(path.join(source, 'name'));
    await build();
    fs.rmSync(path.join(source, 'name'));
    write(path.join(source, 'name/below'));
    expect(await build(true)).toMatchObject({ files: 1, pruned: 1 });
    const { files, pruned, entries } = await build();
    expect({ files, pruned }).toEqual({ files: 1, pruned: 1 });
    const actions = entries!.map(({ destination, action }) => [
      path.relative(directory, destination),
      action,
    ]);
    expect(actions.sort()).toEqual([
      ['name', 'pruned'],
      [path.join('name', 'below'), 'copied'],
    ]);
  },
);

describe.each([true, false])('outside of the output, with emptying %j, nothing is deleted', (empty) => {
  let root: string;
  const at = (name: string) => path.join(root, name);
  beforeEach(() => {
    root = fs.mkdtempSync(path.join(tmpdir(), 'reflink-output-'));
    made.push(root);
    for (const name of ['ours/deep/a', 'others/b']) {
      fs.mkdirSync(path.dirname(at(name)), { recursive: true });
      fs.writeFileSync(at(name), name);
    }
  });
  const build = async (targets: Target<string>[]) => {
    const settings = {
      ...{ directory: at('dist'), cacheDirectory: at('cache'), publicTargets: [], targets },
      ...{ keep: [], engine: {}, preparation: new Preparation() },
    };
    const copy = empty ? copyAfterEmptying(settings) : new OutputCopy(settings);
    await copy.waitForCopy();
    return copy.report();
  };

  test('what a target that is gone has copied there, until a target leads there again', async () => {
    const inside = { from: at('others') };
    const outside = { from: at('ours'), to: at('elsewhere') };
    await build([inside, outside]);
    expect(await build([inside])).toMatchObject({ pruned: 0 });
    expect(fs.existsSync(at('elsewhere/deep/a'))).toBe(true);
    fs.rmSync(at('ours/deep/a'));
    expect(await build([inside, outside])).toMatchObject({ pruned: 1 });
    expect(fs.existsSync(at('elsewhere/deep/a'))).toBe(false);
  });

  test('in a directory that only the manifest names', async () => {
    await build([{ from: at('ours') }]);
    // A file that is moved with its directory still matches its record.
    fs.mkdirSync(at('else'));
    fs.renameSync(at('dist/deep'), at('else/deep'));
    const [name] = fs.readdirSync(at('cache'));
    const manifest = path.join(at('cache'), name!);
    const bytes = fs.readFileSync(manifest).toString('latin1');
    expect(bytes).toContain(at('dist/deep'));
    fs.writeFileSync(manifest, bytes.replaceAll(at('dist/deep'), at('else/deep')), 'latin1');
    expect(await build([{ from: at('others') }])).toMatchObject({ pruned: 0 });
    expect(fs.readFileSync(at('else/deep/a'), 'utf8')).toBe('ours/deep/a');
  });
});
