import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Options } from '../../options/options.ts';
import { resolveOptions } from '../../options/resolve-options.ts';
import { takeOverCopy } from './patterns.ts';
import type { WebpackTarget } from './targets.ts';

let root: string;
beforeAll(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'reflink-patterns-')));
  mkdirSync(join(root, 'static'));
  writeFileSync(join(root, 'a.txt'), '');
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function taken(pattern: unknown, options: Options = {}) {
  const output = { copy: { patterns: [pattern], concurrency: 5 } };
  const targets = takeOverCopy(
    { context: root, options: { output } } as never,
    resolveOptions(options, 'webpack'),
  );
  expect(output).not.toHaveProperty('copy');
  return targets.map(({ pattern, target: { from, ignore, filter } }) => ({ pattern, from, ignore, filter }));
}

test.each<[what: string, pattern: unknown, from: string[]]>([
  ['a file', 'a.txt', ['a.txt']],
  ['a directory', { from: 'static' }, ['static/**/*']],
  ['a glob', { from: 'static/*.png' }, ['static/*.png']],
  ['several', { from: ['a.txt', 'static'] }, ['a.txt', 'static/**/*']],
  ['what is relative to a context', { from: '*.png', context: 'static' }, ['static/*.png']],
])('a pattern of output.copy that names %s', (_what, pattern, from) => {
  const targets = taken(pattern);
  expect(targets.map((each) => each.from)).toEqual(from.map((each) => join(root, each)));
  expect(targets.map(({ pattern }) => pattern)).not.toContain(undefined);
});

test.each<[ignore: string, relative: string[]]>([
  ['**/*.md', ['**/*.md']],
  ['static/deep/*', ['deep/*']],
  ['other/*', []],
])('what a pattern ignores, %j, is relative to its directory: %j', (ignore, relative) =>
  expect(taken({ from: 'static', globOptions: { ignore: [ignore] } })[0]!.ignore).toEqual(relative),
);

test.each<[globOptions: object, relative: string[]]>([
  [{ dot: false }, ['**/.*', '**/.*/**']],
  [{ dot: true }, []],
  [{}, []],
])('with globOptions %j, %j is ignored', (globOptions, relative) =>
  expect(taken({ from: 'static', globOptions })[0]!.ignore).toEqual(relative),
);

test.each([
  [{ deep: 1 }, 'b.txt', true],
  [{ deep: 1 }, 'deep/b.txt', false],
])('with globOptions %j, %j is copied: %j', (globOptions, name, copied) => {
  const [{ filter }] = taken({ from: 'static', globOptions }) as [ReturnType<typeof taken>[0]];
  expect(filter!(name, join(root, 'static', name))).toBe(copied);
});

test.each<[pattern: object, options: Options, message: RegExp]>([
  [{ from: 'a', force: true }, {}, /"force", which is true, is not known/],
  [{ from: 'a', globOptions: { baseNameMatch: true } }, {}, /"globOptions.baseNameMatch"/],
  [{ from: 'a', globOptions: { caseSensitive: false } }, {}, /is not possible/],
  [{ from: 'static/+(a|b)' }, {}, /has parentheses in its pattern/],
  [{ from: 'static/*/.hidden' }, {}, /a name that begins with a dot/],
  [{ from: 'static/a**' }, {}, /"\*\*" beside other characters/],
])('the pattern %j, with options %j, is refused', (pattern, options, message) =>
  expect(() => taken(pattern, options)).toThrow(message),
);

test.each<[pattern: object, options: Options, said: object]>([
  [{}, {}, {}],
  [{ globOptions: { followSymlinks: false } }, {}, { symlinks: 'keep' }],
  [{ globOptions: { followSymlinks: false } }, { symlinks: 'keep' }, {}],
  [{}, { symlinks: 'keep' }, { symlinks: 'follow' }],
  [{ preservePermissions: true, preserveTimestamps: true }, {}, {}],
  [{ preservePermissions: true }, { preserve: ['xattr'] }, { preserve: ['xattr', 'mode'] }],
  [{ preserveTimestamps: true }, { preserve: ['mode'] }, { preserve: ['mode', 'timestamps'] }],
])('what the pattern %j says, with options %j, is said of its target: %j', (pattern, options, said) => {
  const output = { copy: { patterns: [{ from: 'a.txt', ...pattern }] } };
  const compiler = { context: root, options: { output } } as never;
  const [{ target }] = takeOverCopy(compiler, resolveOptions(options, 'webpack')) as [WebpackTarget];
  const { symlinks, preserve } = target;
  expect({ ...(symlinks && { symlinks }), ...(preserve && { preserve }) }).toEqual(said);
});

test('without output.copy nothing is taken over', () =>
  expect(takeOverCopy({ options: { output: {} } } as never, resolveOptions({}, 'webpack'))).toEqual([]));
