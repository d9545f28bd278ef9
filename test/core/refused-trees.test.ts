import { readFileSync } from 'node:fs';
import { sep } from 'node:path';
import { copy } from 'fs-reflink';
import type { PreparedCopies } from 'fs-reflink/host';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { symlink } from '../support/trees.ts';
import { bootWorkers } from '../support/workers.ts';
import { expectRefused, prepared, type RefusedCase, refusedIn, ways } from './refused-support.ts';

const nested = { code: 'ERR_NESTED', source: 'in', destination: 'out', reason: '; choose ' };

const cases: RefusedCase[] = [
  {
    name: 'a missing source',
    targets: { from: 'none', to: 'out' },
    code: 'ENOENT',
    source: 'none',
    destination: 'out',
    reason: 'the source does not exist; correct its path, or set "allowMissing" (--ignore-missing-args)',
  },
  {
    name: 'a glob that matches nothing',
    targets: { from: 'in/*.none', to: 'out' },
    code: 'ERR_NO_MATCH',
    source: 'in/*.none',
    destination: 'out',
    reason: 'nothing matches "in/*.none"; correct the glob, or set "allowMissing" (--ignore-missing-args)',
  },
  {
    name: 'a glob with the slashes of Windows, which are none elsewhere',
    targets: { from: 'in\\deep\\*.none', to: 'out' },
    code: 'ERR_NO_MATCH',
    destination: 'out',
    reason: sep === '/' ? 'write "/" in place of "\\"' : '; correct the glob, or',
  },
  {
    ...nested,
    name: 'a destination inside the source',
    targets: { from: 'in', to: 'in/out' },
    destination: 'in/out',
  },
  {
    ...nested,
    name: 'a destination deep inside the source that does not exist',
    targets: { from: 'in', to: 'in/x/y/z' },
    destination: 'in/x/y/z',
  },
  {
    ...nested,
    name: 'a source inside the destination',
    targets: { from: 'in/deep', to: 'in' },
    source: 'in/deep',
    destination: 'in',
  },
  {
    ...nested,
    name: 'a destination inside the source by a link',
    files: { way: symlink('in/deep') },
    targets: { from: 'in', to: 'way/x' },
    destination: 'way/x',
  },
  {
    ...nested,
    name: 'a source inside the destination by a link',
    files: { way: symlink('in/deep') },
    targets: { from: 'way', to: 'in' },
    source: 'way',
    destination: 'in',
  },
  {
    ...nested,
    name: 'the same directory',
    targets: { from: 'in', to: 'in' },
    code: 'ERR_SAME_FILE',
    destination: 'in',
    reason: 'the same directory',
  },
  {
    ...nested,
    name: 'the same directory by a link',
    files: { way: symlink('in') },
    targets: { from: 'in', to: 'way' },
    code: 'ERR_SAME_FILE',
    destination: 'way',
    reason: 'the same directory',
  },
  ...['../out', '../out/deep', '../out/deep/x'].map((leadsTo) => ({
    ...nested,
    name: `a link in the source to a directory that the destination lies in: ${leadsTo}`,
    files: { 'in/way': symlink(leadsTo), 'out/deep/x/y': 'y' },
    targets: { from: 'in', to: 'out/deep/x' },
    source: 'in/way',
    destination: 'out/deep/x/way',
    reason: 'which would be copied into itself; leave it out with "ignore" (--exclude)',
  })),
  {
    name: 'a directory where a file is planned',
    files: { 'out/a/x': 'x' },
    code: 'EISDIR',
    source: 'in/a',
    destination: 'out/a',
    reason: 'the destination is a directory; delete or rename it, or choose another destination',
  },
  ...([true, false, 'changed', 'older'] as const).flatMap((overwrite) =>
    [false, true].map((atomic) => ({
      name: `a file where the same copy has made a directory, overwrite: ${overwrite}, atomic: ${atomic}`,
      files: { 'first/both/x': 'x', 'second/both': 'file' },
      targets: [
        { from: 'first', to: 'new' },
        { from: 'second', to: 'new' },
      ],
      options: { overwrite, atomic, concurrency: 1 },
      code: 'EISDIR',
      source: 'second/both',
      destination: 'new/both',
      reason: 'the destination is a directory; delete or rename it, or choose another destination',
    })),
  ),
  {
    name: 'a link that leads nowhere where the destination is planned',
    files: { way: symlink('nowhere') },
    targets: { from: 'in', to: 'way' },
    code: 'ENOTDIR',
    source: ['in', 'in/deep'],
    destination: 'way',
    reason: 'is a symbolic link that leads nowhere; delete or repair it, or choose another destination',
  },
  {
    name: 'a link that leads below a file where the destination is planned',
    files: { file: 'x', way: symlink('file/nowhere') },
    targets: { from: 'in', to: 'way' },
    code: 'ENOTDIR',
    source: ['in', 'in/deep'],
    destination: 'way',
    reason: 'is a symbolic link that leads nowhere; delete or repair it, or choose another destination',
  },
  {
    name: 'a file where a directory is planned',
    files: { 'out/deep': 'x' },
    code: 'ENOTDIR',
    source: 'in/deep',
    destination: 'out/deep',
  },
  {
    name: 'a link where a directory is planned',
    files: { 'out/deep': symlink('../in') },
    code: 'ELOOP',
    source: 'in/deep',
    destination: 'out/deep',
    reason: 'not followed',
  },
  {
    name: 'a file where the destination should be',
    targets: { from: 'in', to: 'old' },
    code: 'ENOTDIR',
    source: ['in', 'in/deep'],
    destination: 'old',
    reason: 'old" is not a directory; delete or rename it',
  },
  {
    name: 'a new name that is too long',
    targets: { from: 'in/a', to: 'out', rename: 'n'.repeat(300) },
    code: 'ENAMETOOLONG',
    destination: `out/${'n'.repeat(300)}`,
  },
  {
    name: 'a destination above cwd',
    targets: { from: 'in', to: '../out' },
    code: 'ERR_OUTSIDE_DESTINATION',
    destination: '../out',
    reason: 'set "allowOutside: true" on this target or give an absolute path',
  },
  {
    name: 'a destination above cwd by a detour',
    targets: { from: 'in', to: 'a/../../out' },
    code: 'ERR_OUTSIDE_DESTINATION',
    destination: '../out',
  },
  {
    name: 'an absolute destination outside of the allowed roots',
    targets: { from: 'in', to: '/i18n/en' },
    options: { allowedRoots: ['.', 'out'] },
    code: 'ERR_OUTSIDE_DESTINATION',
    reason: `write to: 'i18n/en'; to write to "/i18n/en", set "allowOutside: true" on this target`,
  },
  ...['../x', '..', '.', 'y/../../x'].map((path) => ({
    name: `a new name that leaves the destination, ${path}`,
    targets: { from: 'in/a', to: 'out', rename: path },
    code: 'ERR_OUTSIDE_DESTINATION',
    source: 'in/a',
    reason: '"rename" leads out of ',
  })),
  {
    name: 'a returned name that leaves the destination',
    targets: { from: 'in', to: 'out', rename: (path) => `/etc/${path}` },
    code: 'ERR_OUTSIDE_DESTINATION',
    reason: '"rename" leads out of ',
  },
  {
    name: 'a file that exists and must not',
    files: { 'out/deep/b': 'old' },
    options: { overwrite: 'error' },
    code: 'EEXIST',
    source: 'in/deep/b',
    destination: 'out/deep/b',
  },
];

describe.each(ways)('copy refuses, $name,', (way) => {
  let workers: PreparedCopies | undefined;
  beforeAll(async () => {
    if (way.held) workers = await bootWorkers(2);
  });
  afterAll(() => workers?.dispose());

  it.each(cases)('$name', (each) => expectRefused(way, each));

  it('nothing where a destination differs from the source by the case of letters alone, and case counts', async () => {
    const cwd = prepared(way);
    for (const to of ['IN', 'In/Deep']) {
      const { files } = await copy({ from: 'in', to, ...way.target }, { cwd });
      expect(files).toBeGreaterThan(1);
      expect(readFileSync(`${cwd}/${to}/deep/b`, 'utf8')).toBe('b');
    }
    expect(await refusedIn(cwd, way, { from: 'in', to: 'in/IN' })).toMatchObject({ code: 'ERR_NESTED' });
  });

  it('a file and a directory of two targets in one place', async () => {
    const cwd = prepared(way, { 'other/deep': 'a file' });
    const targets = ['in', 'other'].map((from) => ({ from, to: 'out' }));
    const error = await refusedIn(cwd, way, targets);
    // Either error may come first.
    expect(['EISDIR', 'ENOTDIR']).toContain(error.code);
    expect(error.destination).toBe(`${cwd}/out/deep`);
  });
});
