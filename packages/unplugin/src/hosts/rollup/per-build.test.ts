import { expect, test } from 'vitest';
import { NAME } from '../../options/name.ts';
import { type BuildFacts, pluginPerBuild } from './per-build.ts';

interface Made {
  name: string;
  facts: BuildFacts;
  renderStart?: () => void;
}
const create = (facts: BuildFacts): Made => ({ name: NAME, facts });

/** Returns the plugins that a build uses if its options have `plugins`. */
async function pluginsOf(plugin: object, plugins: unknown, watchMode = false): Promise<Made[]> {
  const { options } = plugin as {
    options(this: object, given: object): Promise<{ plugins: Made[] } | undefined>;
  };
  return (await options.call({ meta: { watchMode } }, { plugins }))!.plugins;
}

test('each build gets an object of its own, in lists and promises of plugins too', async () => {
  const plugin = pluginPerBuild(create);
  const other = { name: 'other' };
  const nested = [other, [Promise.resolve([plugin]), false]];
  const [one, two] = [await pluginsOf(plugin, nested), await pluginsOf(plugin, nested, true)];
  expect(one[0]).toBe(other);
  expect(one[1]).not.toBe(plugin);
  expect(one[1]).not.toBe(two[1]);
  expect([one[1]!.facts, two[1]!.facts]).toEqual([
    { watching: false, position: 0 },
    { watching: true, position: 0 },
  ]);
});

test('an object that a tool has copied is still known, and where it is among the instances', async () => {
  const [first, second] = [pluginPerBuild(create), pluginPerBuild(create)];
  const plugins = await pluginsOf(second, [first, { ...second }]);
  expect(plugins.map(({ facts }) => facts.position)).toEqual([0, 1]);
});

test('a build without the object is left as it is', async () => {
  const plugin = pluginPerBuild(create) as unknown as { options(given: object): Promise<unknown> };
  expect(await plugin.options.call({ meta: {} }, { plugins: [{ name: 'other' }] })).toBeUndefined();
});

test('the hook that takes a snapshot runs before those of all other plugins', async () => {
  const plugin = pluginPerBuild((facts) => ({ ...create(facts), renderStart: () => {} }));
  const plugins = await pluginsOf(plugin, [{ name: 'other' }, plugin]);
  expect(plugins.map(({ name }) => name)).toEqual([`${NAME}:first`, 'other', NAME]);
});
