import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import reflink from 'unplugin-reflink/vite';
import type { Plugin } from 'vite';
import { expect, test, vi } from 'vitest';
import { ask, startDev } from './servers.ts';
import { build, copied, countWorkers, describeVites, type Options, project } from './support.ts';

const files = {
  'a/x.txt': 'A',
  'a/a.txt': 'a',
  'a/sub/aa.txt': 'aa',
  'b/x.txt': 'B',
  'b/b.txt': 'b',
  'b/sub/bb.txt': 'bb',
  'public/p.txt': 'p',
};

describeVites((host) => {
  const instances: [name: string, first: Options, second: Options, x: string][] = [
    ['public directories', { publicDir: 'a' }, { publicDir: 'b' }, 'B'],
    ['targets', { targets: [{ from: 'a' }] }, { targets: [{ from: 'b' }] }, 'B'],
    [
      'targets before a public directory',
      { publicDir: false, targets: [{ from: 'a' }] },
      { publicDir: 'b' },
      'A',
    ],
    [
      'a public directory before targets',
      { publicDir: 'a' },
      { publicDir: false, targets: [{ from: 'b' }] },
      'B',
    ],
    ["Vite's public directory and targets", {}, { targets: [{ from: 'a' }, { from: 'b' }] }, 'B'],
  ];
  test.each(instances)(
    'the server answers with what a build copies, two instances: %s',
    async (_name, first, second, x) => {
      const root = project(files);
      const plugins = [reflink({ ...second, report: false })];
      const warnings = ['targets before', 'before targets'].some((each) => _name.includes(each))
        ? [/x\.txt is both/]
        : [];
      await build(host, root, { options: first, plugins, warnings });
      const names = copied(join(root, 'dist')).filter((name) => name.endsWith('.txt'));
      expect(names).toContain('b.txt');
      expect(readFileSync(join(root, 'dist/x.txt'), 'utf8')).toBe(x);

      const dev = await startDev(host, root, first, { plugins });
      for (const name of names) {
        const { status, body } = await ask(dev, `/${name}`);
        expect({ name, status, body }).toEqual({
          name,
          status: 200,
          body: readFileSync(join(root, 'dist', name), 'utf8'),
        });
      }
      for (const name of Object.keys(files).map((each) => each.slice(each.indexOf('/') + 1))) {
        if (!names.includes(name))
          expect({ name, status: (await ask(dev, `/${name}`)).status }).toEqual({ name, status: 404 });
      }
    },
  );

  test('the first public directory of all instances is the one Vite knows', async () => {
    const root = project(files);
    const seen: string[] = [];
    const look = {
      name: 'look',
      configResolved: ({ publicDir }: { publicDir: string }) => void seen.push(publicDir),
    };
    await build(host, root, {
      options: { publicDir: [{ dir: 'b', to: 'below' }, 'nowhere'], allowMissing: true },
      warnings: [/nowhere/],
      plugins: [
        [reflink({ publicDir: 'a', allowMissing: true, report: false })],
        reflink({ publicDir: 'b', allowMissing: true, report: false }),
        look,
      ],
    });
    expect(new Set(seen)).toEqual(new Set([join(root, 'a').replaceAll('\\', '/')]));
  });

  test('instances that would copy in different ways are refused by the server too', async () => {
    const plugins = [reflink({ symlinks: 'keep' })];
    await expect(startDev(host, project(files), { targets: [{ from: 'a' }] }, { plugins })).rejects.toThrow(
      /several instances/,
    );
  });

  test('threads end with their build, also when a watcher reads a config with the same plugin object meanwhile', async () => {
    const many = Array.from({ length: 80 }, (_each, number) => [`public/${number}.txt`, `${number}`]);
    const root = project(Object.fromEntries(many));
    const plugin = reflink({ report: false, reflink: 'auto' });
    const workers = countWorkers();
    const config = { root, configFile: false, logLevel: 'silent' } as const;
    const meanwhile: Plugin = {
      name: 'meanwhile',
      async buildStart() {
        await host.vite.resolveConfig({ ...config, plugins: [plugin], build: { watch: {} } }, 'build');
      },
    };
    await host.vite.build({ ...config, plugins: [plugin, meanwhile] });
    expect(copied(join(root, 'dist'))).toContain('7.txt');
    if (host.rolldown) expect(workers.started).toBe(0);
    else expect(workers.started).toBeGreaterThan(0);
    await vi.waitFor(() => expect(workers.ended).toBe(workers.started), 200_000);
  });
});
