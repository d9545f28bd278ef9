import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CopyReport, type Method, probe } from 'fs-reflink';
import reflink from 'unplugin-reflink/vite';
import reflinkWebpack from 'unplugin-reflink/webpack';
import { expect, test } from 'vitest';
import { type TreeSpec, writeTree } from '../support/trees.ts';
import { describeOnWindows, workspace } from './support.ts';

const publicFiles: Record<string, Buffer> = {
  'robots.txt': Buffer.from('User-agent: *\n'),
  'images/é 漢字.png': randomBytes(300 * 1024),
  'deep/er/empty.txt': Buffer.alloc(0),
  ...Object.fromEntries(
    Array.from({ length: 60 }, (_each, index) => [`many/${index % 4}/${index}.bin`, randomBytes(index * 50)]),
  ),
};
const bytes = Object.values(publicFiles).reduce((sum, content) => sum + content.length, 0);

function project(files: TreeSpec): string {
  const root = workspace();
  const spec = Object.entries(publicFiles).map(([path, content]) => [`public/${path}`, content]);
  return writeTree(root, { ...Object.fromEntries(spec), ...files });
}

function expectPlaced(directory: string): void {
  for (const [path, content] of Object.entries(publicFiles))
    expect(readFileSync(join(directory, path)).equals(content), path).toBe(true);
}

/** Every file by a method that the probe found between the two places. */
async function expectMethods({ methods }: CopyReport, root: string): Promise<void> {
  const { method, smallFileMethod } = await probe(join(root, 'public'), join(root, 'dist'));
  const expected = new Set([method, smallFileMethod]) as ReadonlySet<Method>;
  expect([...expected]).not.toContain(undefined);
  expect(new Set(Object.keys(methods))).toEqual(expected);
  const counts = Object.values(methods);
  expect(counts.reduce((sum, { files }) => sum + files, 0)).toBe(Object.keys(publicFiles).length);
  expect(counts.reduce((sum, count) => sum + count.bytes, 0)).toBe(bytes);
}

describeOnWindows('Vite 8', () => {
  test('places the public directory of a build', async () => {
    const { build } = await import('vite');
    const root = project({
      'index.html': '<!doctype html><script type="module" src="/main.js"></script>',
      'main.js': 'console.log("page");\n',
    });
    const reports: CopyReport[] = [];
    const report = (each: CopyReport) => void reports.push(each);
    await build({ root, configFile: false, logLevel: 'silent', plugins: [reflink({ report })] });
    expectPlaced(join(root, 'dist'));
    expect(existsSync(join(root, 'dist/index.html'))).toBe(true);
    expect(reports).toHaveLength(1);
    expect(reports[0]!.warnings).toEqual([]);
    await expectMethods(reports[0]!, root);
  });

  test('does not empty an output that is the project itself', async () => {
    const { build } = await import('vite');
    const root = writeTree(workspace(), { 'main.js': 'console.log("page");\n' });
    const from = join(project({}), 'public');
    await build({
      ...{ root, configFile: false, logLevel: 'silent' },
      build: { outDir: '.', rollupOptions: { input: join(root, 'main.js') } },
      plugins: [reflink({ targets: [{ from }], report: false })],
    });
    expect(existsSync(join(root, 'main.js'))).toBe(true);
    expectPlaced(root);
  });
});

describeOnWindows('webpack 5', () => {
  test('places the public directory of a build', async () => {
    const { default: webpack } = await import('webpack');
    const root = project({ 'main.cjs': 'console.log("page");\n' });
    const reports: CopyReport[] = [];
    const compiler = webpack({
      context: root,
      mode: 'production',
      entry: './main.cjs',
      performance: false,
      output: { path: join(root, 'dist'), filename: 'main.js' },
      plugins: [reflinkWebpack({ publicDir: 'public', report: (report) => void reports.push(report) })],
    })!;
    const stats = await new Promise<import('webpack').Stats>((resolve, reject) => {
      compiler.run((error, result) => (error ? reject(error) : resolve(result!)));
    });
    await new Promise((resolve) => compiler.close(resolve));
    expect(stats.toJson({ all: false, errors: true, warnings: true })).toMatchObject({
      errors: [],
      warnings: [],
    });
    expectPlaced(join(root, 'dist'));
    expect(readFileSync(join(root, 'dist/main.js'), 'utf8')).toContain('page');
    expect(reports).toHaveLength(1);
    await expectMethods(reports[0]!, root);
  });
});
