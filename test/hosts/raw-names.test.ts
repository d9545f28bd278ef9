import { mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { hosts } from '../campaigns/host-child.js';
import { workspace } from '../core/support.ts';

const project = { targets: [{ from: 'static', to: 'static' }], nested: false };
const roots: string[] = [];
afterAll(() => {
  for (const root of roots) rmSync(root, { recursive: true, force: true });
});

function prepared(): string {
  const root = realpathSync(workspace());
  roots.push(root);
  const bytes = (path: string) => Buffer.concat([Buffer.from(`${root}/`), Buffer.from(path, 'latin1')]);
  for (const directory of ['public', 'static/d\xfe', 'node_modules'])
    mkdirSync(bytes(directory), { recursive: true });
  writeFileSync(join(root, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(root, 'main.js'), 'console.log("bundled");\n');
  writeFileSync(bytes('public/a\xff.txt'), 'public');
  writeFileSync(bytes('static/d\xfe/b'), 'target');
  return root;
}

const contentOf = (root: string, path: string) =>
  readFileSync(Buffer.concat([Buffer.from(`${root}/dist/`), Buffer.from(path, 'latin1')]), 'utf8');

// webpack has an asset for each file, and names of assets are strings.
const NAMES_ASSETS = new Set(['webpack']);

describe.runIf(process.platform === 'linux')('public files and targets whose names are not UTF-8', () => {
  test.each(Object.keys(hosts).filter((host) => !NAMES_ASSETS.has(host)))('%s: are copied', async (host) => {
    const root = prepared();
    // Builds twice, because the second build uses the manifest of the first one.
    for (let time = 0; time < 2; time++) {
      await hosts[host]!(root, project, true);
      expect(contentOf(root, 'a\xff.txt')).toBe('public');
      expect(contentOf(root, 'static/d\xfe/b')).toBe('target');
    }
  });

  test.each([...NAMES_ASSETS])('%s: are refused by name', async (host) => {
    const root = prepared();
    await expect(hosts[host]!(root, project, true)).rejects.toThrow(
      /a\\377\.txt.*EILSEQ.*leave it out with "ignore"/,
    );
  });
});
