import { expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { callingVersion, isOlder, noHost, UPDATE, unsupported, useEntry } from './unsupported.ts';

test.each([
  ['4.0.0', '4.0', false],
  ['3.29.1', '4.0', true],
  ['5.76.0-beta.1', '5.76', false],
  ['5.75.9', '5.76', true],
  ['0.19', '0.19', false],
  ['0.9', '0.19', true],
  ['10.0', '9.5', false],
  ['1', '1.1', true],
])('version %s is older than %s: %j', (version, than, expected) =>
  expect(isOlder(version, than)).toBe(expected),
);

test('the error for a version names the entry, what it is for, what was found, and what to do', () => {
  const { message } = unsupported('webpack', 'webpack 4.46', UPDATE);
  expect(message).toBe(
    'unplugin-reflink/webpack works in webpack 5.76 or newer, and this build runs in webpack 4.46. Update it, or copy after the build, with the command "fs-reflink cp" or with copy() of the package fs-reflink.',
  );
  expect(unsupported('rspack', 'webpack 5', useEntry('webpack')).message).toMatch(
    / Use "unplugin-reflink\/webpack"\.$/,
  );
});

test('the error for a bundler without an entry names all that have one, and none of the frameworks', () => {
  const { message } = noHost('unloader');
  expect(message).toMatch(/works in Bun .*, webpack 5\.76 or newer, and this build runs in Unloader\./);
  expect(message).not.toContain('Astro');
});

test('the version of the package that calls is found on the stack, and of no other', () => {
  expect(callingVersion('unplugin-reflink')).toBe(manifest.version);
  expect(callingVersion('webpack')).toBeUndefined();
});
