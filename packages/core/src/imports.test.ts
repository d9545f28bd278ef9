import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const packages = path.join(import.meta.dirname, '../..');
const IMPORT = /(?:from|import\()\s*'(\.[^']+)'/g;

/** The modules of a package, each with the modules it imports, including imports of types. */
function importsIn(name: string): Map<string, string[]> {
  const source = path.join(packages, name, 'src');
  const modules = readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map((file) => file.replaceAll(path.sep, '/'));
  return new Map(
    modules.map((file) => {
      const text = readFileSync(path.join(source, file), 'utf8');
      const imported = [...text.matchAll(IMPORT)].map(([, to]) =>
        path.posix.join(path.posix.dirname(file), to!),
      );
      return [file, imported.filter((each) => modules.includes(each))];
    }),
  );
}

/** A cycle of imports, as the modules on the way from a module back to itself. */
function findCircle(imports: Map<string, string[]>): string[] | undefined {
  const done = new Set<string>();
  const search = (file: string, way: string[]): string[] | undefined => {
    if (way.includes(file)) return [...way.slice(way.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const next of imports.get(file)!) {
      const circle = search(next, [...way, file]);
      if (circle) return circle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of imports.keys()) {
    const circle = search(file, []);
    if (circle) return circle;
  }
  return undefined;
}

test.each(['core', 'unplugin'])('no module of packages/%s imports itself, over others', (name) => {
  expect(findCircle(importsIn(name))).toBeUndefined();
});

test('a circle is found', () => {
  const imports = new Map(Object.entries({ a: ['b'], b: ['c', 'd'], c: [], d: ['b'] }));
  expect(findCircle(imports)).toEqual(['b', 'd', 'b']);
});

/** The folders that modules of a folder may import from, in addition to their own folder and the top level. */
const allowed: Record<string, string[]> = {
  model: [],
  platform: ['model'],
  scan: ['model', 'platform'],
  transfer: ['model', 'platform'],
  plan: ['model', 'platform', 'scan', 'transfer'],
  execute: ['model', 'platform', 'scan', 'transfer', 'plan'],
};

test.each(Object.keys(allowed))('modules of %s/ import in the direction of the flow only', (folder) => {
  const folderOf = (file: string) => (file.includes('/') ? file.split('/')[0]! : undefined);
  const wrong = [...importsIn('core')]
    .filter(([file]) => folderOf(file) === folder)
    .flatMap(([file, imported]) =>
      imported
        .filter((each) => {
          const to = folderOf(each);
          return to !== undefined && to !== folder && !allowed[folder]!.includes(to);
        })
        .map((each) => `${file} imports ${each}`),
    );
  expect(wrong).toEqual([]);
});
