import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeInLane } from '../support/optional-lanes.ts';
import { file, type TreeSpec } from '../support/trees.ts';
import { makeProject } from './projects.ts';

const LONG_AGO = new Date('2001-02-03T04:05:06.000Z');

const tree: TreeSpec = {
  'package.json': '{ "name": "kit", "type": "module", "private": true }',
  'svelte.config.js': `
    import adapter from '@sveltejs/adapter-static';
    import withReflink from 'unplugin-reflink/sveltekit';
    export default { kit: { adapter: withReflink(adapter(), { report: 'verbose' }) } };
  `,
  'vite.config.js': `
    import { sveltekit } from '@sveltejs/kit/vite';
    import reflink from 'unplugin-reflink/vite';
    export default {
      plugins: [sveltekit(), reflink({ targets: [{ from: 'data', to: 'data' }], report: 'verbose' })],
    };
  `,
  'src/app.html': '<!doctype html><html><head>%sveltekit.head%</head><body>%sveltekit.body%</body></html>',
  'src/routes/+layout.js': 'export const prerender = true;',
  'src/routes/+page.svelte': '<h1>a page of SvelteKit</h1>',
  'static/robots.txt': file('User-agent: *', { mtime: LONG_AGO }),
  'static/deep/er.txt': file('deeper', { mtime: LONG_AGO }),
  'data/large.bin': file(Buffer.alloc(300_000, 'data'), { mtime: LONG_AGO }),
};

describeInLane('frameworks', 'SvelteKit', () => {
  test('a build has its static files and our targets', () => {
    const root = makeProject(tree);
    const vite = join(import.meta.dirname, 'node_modules/vite/bin/vite.js');
    const settings = { cwd: root, encoding: 'utf8', stdio: 'pipe', timeout: 230_000 } as const;
    const { status, stdout: output, stderr } = spawnSync(process.execPath, [vite, 'build'], settings);
    // SvelteKit 2 makes its build for browsers during its build for the server.
    expect(stderr).not.toContain('not copied');
    expect(status, stderr).toBe(0);
    const read = (path: string) => readFileSync(join(root, path), 'utf8');
    expect(read('build/index.html')).toContain('a page of SvelteKit');
    expect(read('build/robots.txt')).toBe('User-agent: *');
    expect(read('build/deep/er.txt')).toBe('deeper');
    expect(statSync(join(root, 'build/data/large.bin')).size).toBe(300_000);
    const [, first, second] = output.split(/^.*→ /m);
    expect(output.match(/→/g)).toHaveLength(2);
    expect(output).toMatch(/public, targets → \.svelte-kit\/output\/client: 3 copied/);
    expect(output).toMatch(/unplugin-reflink: \.svelte-kit\/output\/client → build: \d+ copied/);
    for (const path of ['robots.txt', 'deep/er.txt', 'data/large.bin']) {
      for (const copy of ['.svelte-kit/output/client', 'build'])
        expect(statSync(join(root, copy, path)).mtime, path).toEqual(LONG_AGO);
      for (const report of [first, second])
        expect(report).toMatch(new RegExp(`  ${path} \\((ficlone|copy_file_range|read_write)\\)`));
    }
  });
});
