import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { TreeSpec } from '../support/trees.ts';
import { startDev } from './servers.ts';
import { build, describeVites, project, setUp } from './support.ts';

const files: TreeSpec = {
  'index.html': [
    '<!doctype html><link rel="icon" href="/icon.png"><link rel="stylesheet" href="/public.css">',
    '<script src="/classic.js"></script><script type="module" src="/main.js"></script><img src="/image.png">',
  ].join('\n'),
  'main.js': "import './style.css';\nimport url from '/module.png';\nconsole.log(url);\n",
  'style.css': 'body { background: url(/style.png) }',
  ...Object.fromEntries(
    ['icon.png', 'public.css', 'classic.js', 'image.png', 'module.png', 'style.png'].map((name) => [
      `mine/${name}`,
      `/* ${name} */`,
    ]),
  ),
};

/** The contents of the files that the bundler has written, by name. */
function written(root: string): Record<string, string> {
  const assets = readdirSync(join(root, 'dist/assets')).map((name) => `assets/${name}`);
  return Object.fromEntries(
    ['index.html', ...assets].map((name) => [name, readFileSync(join(root, 'dist', name), 'utf8')]),
  );
}

describeVites((host) => {
  test.each(['/', '/sub/', './'])(
    'a build names the files of our public directory as Vite names those of its own, base %s',
    async (base) => {
      const root = project(files);
      await build(host, root, { options: false, config: { base, publicDir: 'mine' } });
      const expected = written(root);
      await build(host, root, { options: { publicDir: 'mine' }, config: { base } });
      expect(written(root)).toEqual(expected);
      const [style] = Object.keys(expected).filter((name) => name.endsWith('.css'));
      if (base === '/sub/') expect(expected[style!]).toContain('url(/sub/style.png)');
    },
  );

  test('so does the development server', async () => {
    const root = project(files);
    const config = { base: '/sub/' };
    const answers = async (...given: Parameters<typeof startDev>) => {
      const { origin, log } = await startDev(...given);
      const paths = ['main.js', 'style.css', 'module.png?import', 'module.png', 'style.png', 'image.png', ''];
      const bodies: string[] = [];
      for (const path of paths) {
        const response = await fetch(`${origin}/sub/${path}`, { headers: { accept: '*/*' } });
        expect(response.status, path).toBe(200);
        // The URLs of modules that were requested before have times.
        bodies.push((await response.text()).replace(/\?t=\d+/g, ''));
      }
      expect(log.warnings).toEqual([]);
      expect(log.errors).toEqual([]);
      return bodies;
    };
    const ours = await answers(host, root, { publicDir: 'mine' }, config);
    expect(ours).toEqual(await answers(host, root, {}, { ...config, publicDir: 'mine' }));
    expect(ours[1]).toContain('url(/sub/style.png)');
    expect(ours[2]).toContain('export default "/sub/module.png"');
  });

  test.each([
    ['one that is missing', { publicDir: 'none', allowMissing: true }, 'public'],
    ['one that goes below the output', { publicDir: { dir: 'mine', to: 'below' } }, 'public'],
    [
      'the first of several that goes into the output itself',
      { publicDir: [{ dir: 'a', to: 'a' }, 'mine', 'b'] },
      'mine',
    ],
    ['one that is ignored in part', { publicDir: { dir: './mine/', to: './', ignore: '*.md' } }, 'mine'],
    ['none', { publicDir: false }, 'public'],
  ] as const)('which directory is public for everybody: %s', async (_name, options, expected) => {
    const root = project({ ...files, 'a/a.txt': 'a', 'b/b.txt': 'b' });
    const { plugins } = setUp(root, {}, options).config;
    const config = await host.vite.resolveConfig({ configFile: false, root, plugins: plugins! }, 'build');
    expect(config.publicDir).toBe(join(root, expected));
  });

  test('what a target has is left as it is written, and said to be', async () => {
    const root = project({
      'index.html': '<!doctype html><link rel="stylesheet" href="/style.css"><img src="%BASE_URL%t.png">',
      'style.css': 'body { background: url(/t.png) }',
      'ours/t.png': 'png',
    });
    await build(host, root, {
      options: { targets: [{ from: 'ours' }] },
      config: { base: '/sub/' },
      warnings: [/t\.png referenced in \S* didn't resolve at build time, it will remain unchanged/],
    });
    const all = written(root);
    expect(all['index.html']).toContain('src="/sub/t.png"');
    expect(Object.values(all).join('\n')).toContain('url(/t.png)');
  });
});
