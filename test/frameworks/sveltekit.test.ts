import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readTree, writeTree } from '../support/trees.ts';
import { describeExample, METHOD, startServer, visit } from './example.ts';

/** An adapter that writes the files for browsers with SvelteKit's builder and with ours. */
const COMPARES = `
  import { writeFileSync } from 'node:fs';
  import { sveltekit } from '@sveltejs/kit/vite';
  import withReflink from 'unplugin-reflink/sveltekit';

  const adapter = {
    name: 'compares',
    async adapt(builder) {
      const files = { sveltekit: builder.writeClient('build/by-sveltekit') };
      const own = {
        name: 'own',
        adapt(given) {
          files.engine = given.writeClient('build/by-engine');
          files.mimeTypes = given.mimeTypes;
        },
      };
      await withReflink(own).adapt(builder);
      writeFileSync('build/files.json', JSON.stringify(files));
    },
  };
  export default { build: { sourcemap: true }, plugins: [sveltekit({ adapter })] };
`;

describeExample(
  {
    name: 'sveltekit',
    title: 'SvelteKit',
    command: ['node_modules/vite/bin/vite.js', 'build'],
    made: ['build', 'build-server', 'compare.config.js', '.svelte-kit', 'node_modules/.vite'],
    site: 'build',
    publicDir: 'static',
    summary: 'public, targets → .svelte-kit/output/client',
    second: 'SvelteKit deletes both of its outputs',
  },
  ({ root, build }, printed) => {
    test('the adapter has the engine copy the files for browsers', () => {
      const line = new RegExp(
        `unplugin-reflink: \\.svelte-kit/output/client → build: (\\d+) copied \\(\\d+ kB, ${METHOD} \\1\\)`,
      );
      expect(printed.first).toMatch(line);
      for (const name of ['robots.txt', 'images/logo.svg', 'data/greeting.json'])
        expect(printed.first).toMatch(new RegExp(`  ${name} \\(${METHOD}\\)`));
      const source = statSync(join(root, 'static/robots.txt'), { bigint: true });
      expect(statSync(join(root, 'build/robots.txt'), { bigint: true }).mtimeNs).toBe(source.mtimeNs);
    });

    test("what it writes, and the names that it answers, are those of SvelteKit's builder", async () => {
      writeTree(root, { 'compare.config.js': COMPARES });
      await build('--config', 'compare.config.js');
      const files = JSON.parse(readFileSync(join(root, 'build/files.json'), 'utf8'));
      expect(files.engine.toSorted()).toEqual(files.sveltekit.toSorted());
      expect(files.engine.some((name: string) => name.endsWith('.map'))).toBe(true);
      expect(files.mimeTypes['.svg']).toBe('image/svg+xml');
      const contents = (directory: string) =>
        Object.entries(readTree(join(root, 'build', directory))).map(([name, { sha256 }]) => [name, sha256]);
      expect(contents('by-engine')).toEqual(contents('by-sveltekit'));
    });

    test('the server of adapter-node sends the copies', async () => {
      const output = await build('--config', 'server.config.js');
      expect(output).toMatch(/\.svelte-kit\/output\/client → build-server\/client: \d+ copied/);
      const { origin, stop } = await startServer({ root, build }, 'build-server/index.js');
      try {
        const { bodies, problems, greeting } = await visit(origin, '/', ['/data/greeting.json']);
        expect(bodies['/data/greeting.json']).toBe(readFileSync(join(root, 'assets/greeting.json'), 'utf8'));
        expect({ problems, greeting }).toEqual({ problems: [], greeting: 'copied by unplugin-reflink' });
      } finally {
        await stop();
      }
    });
  },
);
