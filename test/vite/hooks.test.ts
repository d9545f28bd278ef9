import { join } from 'node:path';
import type { Plugin } from 'vite';
import { expect, test, vi } from 'vitest';
import type { TreeSpec } from '../support/trees.ts';
import { build, copied, describeVites, manyFiles, pathsIn, project } from './support.ts';

type Hook =
  | 'configResolved'
  | 'buildStart'
  | 'renderStart'
  | 'generateBundle'
  | 'writeBundle'
  | 'closeBundle';

const hooks: Hook[] = [
  'configResolved',
  'buildStart',
  'renderStart',
  'generateBundle',
  'writeBundle',
  'closeBundle',
];

interface HookContext {
  environment: { config: { build: Record<string, unknown> } };
}

/** Records the values that the options have in every hook. */
function observer(seen: Record<string, unknown>, placement: Partial<Plugin>): Plugin {
  const note = (hook: string, { copyPublicDir, emptyOutDir }: Record<string, unknown>) => {
    seen[hook] = { copyPublicDir, emptyOutDir };
  };
  const plugin = { name: 'observer', ...placement } as Record<string, unknown>;
  for (const hook of hooks) {
    plugin[hook] = function (this: HookContext, config: HookContext['environment']['config']) {
      note(hook, hook === 'configResolved' ? config.build : this.environment.config.build);
    } as never;
  }
  return plugin as unknown as Plugin;
}

const small: TreeSpec = { 'public/a.txt': 'a', 'public/deep/b.txt': 'b' };
const large: TreeSpec = { ...manyFiles, 'public/large.bin': Buffer.alloc(8 * 1024 * 1024, 'large') };

describeVites((host) => {
  test.each([
    ['null', null],
    ['true', true],
  ])('other plugins see the options as they were given, emptyOutDir: %s', async (_name, emptyOutDir) => {
    const root = project(small);
    const seen: Record<string, Record<string, unknown>> = { before: {}, after: {} };
    const built = await build(host, root, {
      config: { build: { emptyOutDir } },
      plugins: [observer(seen.before!, { enforce: 'pre' }), observer(seen.after!, { enforce: 'post' })],
    });
    expect(built.report.files).toBe(2);
    for (const [placement, options] of Object.entries(seen)) {
      for (const hook of hooks) {
        // Before 7.1 Vite reads emptyOutDir before any hook runs, so the option has to be off from the start.
        const kept = host.inPlugin || hook === 'configResolved' ? emptyOutDir : false;
        expect(options[hook], `${placement} ${hook}`).toEqual({ copyPublicDir: true, emptyOutDir: kept });
      }
    }
  });

  test.each([
    ['true', true, []],
    ['false', false, ['old.txt']],
  ])('other plugins may assign to the options in every hook, emptyOutDir: %s', async (_name, value, left) => {
    const seen: Record<string, unknown> = {};
    for (const hook of ['buildEnd', 'renderStart', 'generateBundle'] as const) {
      for (const order of ['pre', undefined, 'post'] as const) {
        for (const enforce of ['pre', 'post'] as const) {
          const root = project({ ...small, 'dist/old.txt': 'old' });
          const assigning: Plugin = {
            name: 'assigning',
            enforce,
            [hook]: {
              order,
              handler(this: HookContext) {
                Object.assign(this.environment.config.build, { emptyOutDir: value, copyPublicDir: true });
              },
            },
            closeBundle(this: unknown) {
              const { emptyOutDir } = (this as HookContext).environment.config.build;
              seen[`${hook} ${order} ${enforce}`] = emptyOutDir;
            },
          };
          // The plugin runs before ours, and so also before Vite itself reads the options.
          const { report } = await build(host, root, { first: [assigning] });
          expect(report.files, hook).toBe(2);
          const isEarly = hook === 'buildEnd' && host.inPlugin;
          if (isEarly) expect(copied(join(root, 'dist')).filter((name) => name === 'old.txt')).toEqual(left);
        }
      }
    }
    if (host.inPlugin) expect(new Set(Object.values(seen))).toEqual(new Set([value]));
  });

  const readers: [name: string, plugin: Partial<Plugin>][] = [
    ['writeBundle', {}],
    ['writeBundle', { enforce: 'pre' }],
    ['closeBundle', {}],
    ['closeBundle', { enforce: 'pre' }],
  ];
  const orders = [undefined, 'pre', 'post'] as const;
  const cases = readers.flatMap(([hook, plugin]) => orders.map((order) => ({ hook, plugin, order })));
  test.each([
    ['few', small],
    ['many', large],
  ])('everything is in place when another plugin looks, %s files', async (_name, spec) => {
    const root = project(spec);
    const expected = copied(join(root, 'public'));
    const looks: Record<string, string[]> = {};
    const plugins = cases.map(({ hook, plugin, order }): Plugin => {
      const name = [plugin.enforce, hook, order].filter(Boolean).join(' ');
      const handler = () => {
        looks[name] = copied(join(root, 'dist'));
      };
      return { name, ...plugin, [hook]: { order, handler } };
    });
    await build(host, root, { plugins });
    expect(Object.keys(looks)).toHaveLength(cases.length);
    for (const [name, look] of Object.entries(looks)) expect(look, name).toEqual(expected);
  });

  test('and when it stands before ours and looks first', async () => {
    const root = project(large);
    let look: string[] = [];
    const handler = () => {
      look = copied(join(root, 'dist'));
    };
    const first: Plugin = { name: 'first', enforce: 'pre', writeBundle: { order: 'pre', handler } };
    await build(host, root, { first: [first] });
    expect(look).toEqual(copied(join(root, 'public')));
  });

  test('the copy runs while the bundle is rendered', async () => {
    const root = project(small);
    // The bundle waits for the copy here. If the copy waited for the bundle, the build would never end.
    const isThere = () => expect(pathsIn(join(root, 'dist'))).toEqual(pathsIn(join(root, 'public')));
    const renderChunk = async () => void (await vi.waitFor(isThere, 200_000));
    await build(host, root, { plugins: [{ name: 'slow', renderChunk }] });
  });
});
