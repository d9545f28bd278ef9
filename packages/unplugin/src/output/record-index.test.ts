import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ResolvedAssets } from '../assets/options.ts';
import { indexFile, manifestFile, writeCached } from './cache.ts';
import { type ClaimedRecord, claimRecord, isRecorded } from './record-index.ts';

let cache: string;
const open: ClaimedRecord[] = [];
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'reflink-records-'));
});
afterEach(() => {
  for (const record of open.splice(0)) record.release();
  rmSync(cache, { recursive: true, force: true });
});

const claim = (
  configuration: unknown,
  targets: unknown,
  host = 'rollup',
  directory = '/dist',
  dryRun = false,
  assets?: ResolvedAssets,
) => {
  const record = claimRecord({ host, configuration, targets }, cache, directory, { dryRun, assets });
  open.push(record);
  return record;
};

/** Runs builds one after the other, and returns the record of each of them. */
function records(...builds: [configuration: unknown, targets: unknown, host?: string, directory?: string][]) {
  return builds.map((build) => {
    const record = claim(...build);
    record.release();
    return record.cacheDirectory;
  });
}

test('after an edit of the targets a configuration has the record that it had', () => {
  const [before, after, twice] = records(['a', ['t']], ['a', ['u']], ['a', ['v', 'w']]);
  expect(after).toBe(before);
  expect(twice).toBe(before);
});

test('after an edit of the configuration the same targets have the record that they had', () => {
  const [before, after] = records(['a', ['t']], ['b', ['t']]);
  expect(after).toBe(before);
});

test('configurations with imported files never share a record, which files these are nobody knows yet', () => {
  const claims = ['a', 'b'].map((each) => claim(each, ['t'], 'rollup', '/dist', false, {} as ResolvedAssets));
  expect(new Set(claims.map(({ cacheDirectory }) => cacheDirectory)).size).toBe(2);
});

test('configurations with other targets never share a record, also when both are edited', () => {
  const [a, b, editedA, editedB] = records(['a', ['t']], ['b', ['u']], ['a', ['v']], ['b', ['w']]);
  expect(new Set([a, b]).size).toBe(2);
  expect([editedA, editedB]).toEqual([a, b]);
});

test('a configuration that another process has taken out of the index finds its record, also after an edit', () => {
  const [before] = records(['a', ['t']]);
  const [file] = readdirSync(cache);
  writeFileSync(join(cache, file!), '[]');
  const [other, after] = records(['b', ['u']], ['a', ['v']]);
  expect(after).toBe(before);
  expect(other).not.toBe(before);
});

test('it is known to have copied something, also if another process has taken it out of the index', () => {
  const directory = join(cache, 'dist');
  mkdirSync(directory);
  const [record] = records(['a', ['t'], 'rollup', directory]);
  writeCached(manifestFile(record!, directory), '');
  const known = () =>
    ['a', 'b'].map((configuration) => isRecorded({ host: 'rollup', configuration }, cache, directory));
  expect(known()).toEqual([true, false]);
  writeCached(indexFile(cache, directory), []);
  expect(known()).toEqual([true, false]);
});

test('hosts and outputs have records of their own', () => {
  const found = records(['a', ['t']], ['a', ['t'], 'esbuild'], ['a', ['t'], 'esbuild', '/other']);
  expect(found[1]).not.toBe(found[0]);
  expect(readdirSync(cache)).toHaveLength(2);
});

test('two instances in use at once have two records, also with one configuration', () => {
  const first = claim('a', ['t']);
  const second = claim('a', ['u']);
  expect(second.cacheDirectory).not.toBe(first.cacheDirectory);
  first.release();
  second.release();
  expect(records(['a', ['t']], ['a', ['u']])).toEqual([first.cacheDirectory, second.cacheDirectory]);
});

test('instances in use at once share a record only if their functions are the same', () => {
  const text = (prefix: string) => (name: string) => prefix + name;
  const [one, other] = [text('1'), text('2')];
  const first = claim('a', [{ rename: one }]);
  expect(claim('b', [{ rename: one }]).cacheDirectory).toBe(first.cacheDirectory);
  expect(claim('c', [{ rename: other }]).cacheDirectory).not.toBe(first.cacheDirectory);
});

test('one after the other, other configurations with functions never share a record', () => {
  const text = (prefix: string) => (name: string) => prefix + name;
  const [one, other, again] = records(
    ['a', [{ rename: text('1') }]],
    ['b', [{ rename: text('2') }]],
    ['a', [{ rename: text('3') }]],
  );
  expect(other).not.toBe(one);
  expect(again).toBe(one);
});

test('a shared record stays with the configuration that is not edited, and is orphaned when none is left', () => {
  const [shared, same] = records(['a', ['t']], ['b', ['t']]);
  expect(same).toBe(shared);
  const edited = claim('a', ['u']);
  edited.release();
  expect(edited.cacheDirectory).not.toBe(shared);
  expect(edited.orphaned).toEqual([]);
  expect(records(['b', ['t']])).toEqual([shared]);
  const last = claim('b', ['u']);
  last.release();
  expect(last.cacheDirectory).toBe(edited.cacheDirectory);
  expect(last.orphaned).toEqual([shared]);
});

test('a damaged index, or one that cannot be written, ends nothing', () => {
  const [before] = records(['a', ['t']]);
  const [file] = readdirSync(cache);
  writeFileSync(join(cache, file!), '{ "damaged');
  expect(records(['a', ['t']])).toEqual([before]);
  rmSync(cache, { recursive: true });
  writeFileSync(cache, 'a file has its place');
  expect(records(['a', ['t']])).toEqual([before]);
});

test('a dry run finds the record that a build would, and leaves the index as it is', () => {
  claim('a', ['t']).release();
  const before = readdirSync(cache).map((name) => readFileSync(join(cache, name), 'utf8'));
  const dry = claim('a', ['u'], 'rollup', '/dist', true);
  dry.release();
  claim('b', ['w'], 'rollup', '/dist', true).release();
  expect(readdirSync(cache).map((name) => readFileSync(join(cache, name), 'utf8'))).toEqual(before);
  expect(claim('a', ['u']).cacheDirectory).toBe(dry.cacheDirectory);
});
