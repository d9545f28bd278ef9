import { expect, test } from 'vitest';
import type { Options } from '../../options/options.ts';
import { resolveOptions } from '../../options/resolve-options.ts';
import { unbuiltMessage, uncopiedMessages } from './uncopied.ts';

const target = { targets: [{ from: 'a', to: 'b' }] };
const build = (more: object = {}) => ({ copyPublicDir: true, outDir: 'dist', ...more });
const config = (more: object = {}) =>
  ({
    root: '/root',
    build: build(),
    define: {},
    environments: { client: { build: build() } },
    ...more,
  }) as never;

test.each<[what: string, config: never, options: Options, message: RegExp | undefined]>([
  ['a usual build', config(), { ...target, publicDir: 'static' }, undefined],
  [
    'an environment that the config does not have',
    config(),
    { ...target, vite: { environments: ['edge'] } },
    /^targets "a" → "b" are not copied: .* names "edge", which this config does not have\. Name some of "client", "ssr"$/,
  ],
  [
    'one of two that it does not have',
    config(),
    { ...target, vite: { environments: ['client', 'edge'] } },
    /not copied for "edge":/,
  ],
  ['an environment that it may have', config(), { ...target, vite: { environments: ['ssr'] } }, undefined],
  [
    'a function that chooses none',
    config(),
    { publicDir: 'static', vite: { environments: () => false } },
    /^publicDir "static" is not copied: the function of the option "vite.environments" chooses none/,
  ],
  [
    'targets in a build for a server alone',
    config({ build: build({ ssr: true }) }),
    target,
    /this build has only "ssr"\. Set vite: \{ environments: \['ssr'\] \}/,
  ],
  [
    'the same in SvelteKit 2',
    config({ build: build({ ssr: true }), define: { __SVELTEKIT_APP_VERSION_POLL_INTERVAL__: '0' } }),
    target,
    undefined,
  ],
  ['the same with a builder', config({ build: build({ ssr: true }), builder: {} }), target, undefined],
  [
    'a public directory where that is switched off',
    config({ environments: { client: { build: build({ copyPublicDir: false }) } } }),
    { publicDir: 'static' },
    /build\.copyPublicDir is false/,
  ],
  [
    'no public directory where that is switched off',
    config({ environments: { client: { build: build({ copyPublicDir: false }) } } }),
    target,
    undefined,
  ],
])('what is copied nowhere is warned of: %s', (_what, given, options, message) => {
  const messages = uncopiedMessages(given, resolveOptions(options, 'vite'));
  expect(messages).toEqual(message ? [expect.stringMatching(message)] : []);
});

test.each<[what: string, built: string[], options: Options, message: RegExp | undefined]>([
  ['the environment of the targets', ['client'], target, undefined],
  [
    'another one',
    ['ssr'],
    target,
    /^targets "a" → "b" are not copied: they go to the output of "client", and this build built only "ssr"/,
  ],
  ['none', [], target, undefined],
  ['another one, without targets', ['ssr'], {}, undefined],
])('after an app, of which was built %s', (_what, built, options, message) => {
  const environments = Object.fromEntries(
    ['client', 'ssr'].map((name) => [name, { isBuilt: built.includes(name) }]),
  );
  const found = unbuiltMessage({ environments, config: config() } as never, resolveOptions(options, 'vite'));
  if (message) expect(found).toMatch(message);
  else expect(found).toBeUndefined();
});
