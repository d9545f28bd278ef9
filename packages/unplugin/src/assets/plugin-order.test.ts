import { expect, test } from 'vitest';
import { pluginsOf, withAssets } from './plugin-order.ts';

type Hook = (output: unknown, bundle: unknown, isWrite: boolean) => unknown;
interface Made {
  name: string;
  generateBundle?: Hook | { handler: Hook; order?: string };
}
const run = ({ generateBundle }: Made) =>
  (typeof generateBundle === 'object' ? generateBundle.handler : generateBundle)?.({}, {}, true);

/** The plugins of a build, and a log of their hooks in the order of the calls. */
function ordered(order?: string) {
  const log: string[] = [];
  const hook = (name: string) => () => void log.push(name);
  class Other {
    name = 'other';
    generateBundle = order ? { order, handler: hook('other') } : hook('other');
    method() {}
  }
  const own: Made = { name: 'own', generateBundle: hook('own') };
  const given = [own, new Other(), { name: 'none' }, undefined];
  const owner = Symbol('owner');
  const assets = () => ({ reveal: () => void log.push('reveal') }) as never;
  const plugins = withAssets(given, [own], [assets], owner) as Made[];
  return { plugins, log, owner, given };
}

test.each([undefined, 'post'])('ours comes last, and others find contents, with order %j', (order) => {
  const { plugins, log } = ordered(order);
  for (const plugin of plugins) if (plugin?.generateBundle) run(plugin);
  // The second time for the plugins of the output.
  expect(log).toEqual(['reveal', 'other', 'reveal', 'own']);
  if (order) expect(plugins[1]!.generateBundle).toMatchObject({ order });
});

test('plugins stay what they are, and what is added is known by its owner', async () => {
  const { plugins, owner, given } = ordered();
  expect(plugins[1]).toBeInstanceOf(given[1]!.constructor);
  expect(plugins[1]).toHaveProperty('method');
  expect([plugins[2], plugins[3]]).toEqual([given[2], undefined]);
  const nested = [[plugins[0]], Promise.resolve([plugins[1]]), plugins.slice(2)];
  expect(await pluginsOf(nested, owner)).toEqual(plugins.slice(0, 3));
  expect(await pluginsOf(nested, Symbol('other'))).toEqual([...plugins.slice(0, 3), ...plugins.slice(4)]);
});
