import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { type TreeSpec, writeTree } from '../support/trees.ts';
import { build, copied, describeVites, type Options, project } from './support.ts';

const repository = join(import.meta.dirname, '../..');
const made: string[] = [];

afterEach(() => {
  for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true });
});

/** A project that can import the built package. */
function projectHere(tree: TreeSpec): string {
  const cache = join(import.meta.dirname, '../node_modules/.cache');
  mkdirSync(cache, { recursive: true });
  const root = mkdtempSync(join(cache, 'documents-'));
  made.push(root);
  return writeTree(root, tree);
}

function blocks(document: string, language: string): string[] {
  const text = readFileSync(join(repository, document), 'utf8');
  const found = text.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'));
  return [...found].map(([, code]) => code!);
}

/** The options in the code after "after" on a page for users of another plugin. */
function optionsAfter(plugin: string, language: string): Options {
  const [code] = blocks(`docs/from/${plugin}.md`, language);
  const call = /\/\/ after\nreflink\(([\s\S]*?)\);\n/.exec(code!)![1]!;
  return new Function(`return ${call}`)() as Options;
}

const page: TreeSpec = {
  'package.json': '{ "type": "module" }',
  'index.html': '<!doctype html><script type="module" src="/main.js"></script>',
  'main.js': 'console.log("page");\n',
};

describeVites((host) => {
  test("the README's config builds what it says", () => {
    const [config] = blocks('packages/unplugin/README.md', 'ts');
    const root = projectHere({
      ...page,
      'vite.config.ts': config!,
      'public/robots.txt': 'robots',
      'node_modules/pkg/dist/a.wasm': 'wasm',
      'node_modules/pkg/dist/a.js': 'js',
      'locales/de/page.json': '{ "title":  "Seite" }',
    });
    const settings = { cwd: root, encoding: 'utf8', stdio: 'pipe', timeout: 200_000 } as const;
    execFileSync(process.execPath, [host.bin, 'build'], settings);
    const read = (path: string) => readFileSync(join(root, 'dist', path), 'utf8');
    expect(read('robots.txt')).toBe('robots');
    expect(read('wasm/a.wasm')).toBe('wasm');
    expect(read('i18n/de/page.json')).toBe('{"title":"Seite"}');
    expect(existsSync(join(root, 'dist/wasm/a.js'))).toBe(false);
  });

  test.each([
    ['vite-plugin-static-copy', 'ts', ['wasm', 'wasm/a.wasm']],
    [
      'rollup-plugin-copy',
      'js',
      ['public', 'public/images', 'public/images/deep', 'public/images/deep/i.png'],
    ],
  ])('the page "Coming from %s" says what to write', async (plugin, language, expected) => {
    const root = project({
      'node_modules/pkg/dist/a.wasm': 'wasm',
      'assets/images/deep/i.png': 'image',
    });
    await build(host, root, { options: optionsAfter(plugin, language) });
    expect(copied(join(root, 'dist'))).toEqual(expected);
  });
});
