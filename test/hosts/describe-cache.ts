import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { CopyReport } from 'fs-reflink';
import type { Options } from 'unplugin-reflink';
import { expect, onTestFinished, test, vi } from 'vitest';
import { pastTick } from '../support/clock.ts';
import { readTree } from '../support/trees.ts';
import { type Host, makeProject, outsideOf } from './project.ts';

/** Where the records of what was copied are, and what happens if they cannot be written there. */
export function describeCache(host: Host): void {
  const options: Options = { publicDir: 'static', targets: [{ from: 'assets', to: 'assets' }] };

  /** Builds twice. What is unchanged in the second build was recorded in the first one. */
  async function buildTwice(root: string, more: Options = {}) {
    await pastTick();
    const reports: CopyReport[] = [];
    const warnings: string[] = [];
    for (let build = 0; build < 2; build++) {
      const report = (each: CopyReport) => void reports.push(each);
      const outcome = await host.build({ root, options: { ...options, ...more, report } });
      expect(outcome.errors).toEqual([]);
      warnings.push(...outcome.warnings);
    }
    expect(reports[0]).toMatchObject({ files: 17, unchanged: 0 });
    return { reports, warnings };
  }

  const manifests = (directory: string): string[] =>
    existsSync(directory)
      ? Object.keys(readTree(directory)).filter((name) => name.endsWith('.manifest'))
      : [];
  /** The defaults of all hosts in a project with `node_modules`. */
  const caches = (root: string) => [
    join(root, 'node_modules/.vite/unplugin-reflink'),
    join(root, 'node_modules/.cache/unplugin-reflink'),
  ];

  test('records are kept in the project by default, and in cacheDirectory if it is given', async () => {
    const root = makeProject({ 'node_modules/some/package.json': '{}' });
    const outside = join(outsideOf(root), 'records');
    for (const cacheDirectory of [undefined, 'records/here', outside]) {
      rmSync(join(root, 'dist'), { recursive: true, force: true });
      rmSync(join(root, 'node_modules'), { recursive: true });
      mkdirSync(join(root, 'node_modules'));
      const { reports, warnings } = await buildTwice(root, { ...(cacheDirectory && { cacheDirectory }) });
      expect(warnings).toEqual([]);
      expect(reports[1]).toMatchObject({ files: 0, unchanged: 17 });
      expect(caches(root).flatMap(manifests)).toHaveLength(cacheDirectory ? 0 : 1);
      if (cacheDirectory)
        expect(manifests(join(root, 'records/here')).length + manifests(outside).length).toBeGreaterThan(0);
    }
    expect([manifests(join(root, 'records/here')).length, manifests(outside).length]).toEqual([1, 1]);
  });

  test.each([
    ['cacheDirectory', 'a/records'],
    ['the directory above it', 'a'],
  ])('a file in the place of %s is a warning, and records are kept elsewhere', async (_name, place) => {
    const root = makeProject({ 'node_modules/some/package.json': '{}' });
    const temporary = outsideOf(root);
    mkdirSync(temporary);
    onTestFinished(() => void vi.unstubAllEnvs());
    vi.stubEnv('TMPDIR', temporary);
    mkdirSync(dirname(join(root, place)), { recursive: true });
    writeFileSync(join(root, place), 'of the user');
    const { reports, warnings } = await buildTwice(root, { cacheDirectory: 'a/records' });
    const warning = expect.stringMatching(
      /cannot be kept in .*a\/records.*because a file is in the place.*"cacheDirectory"/,
    );
    expect(warnings).toEqual([warning, warning]);
    expect(reports[1]).toMatchObject({ files: 0, unchanged: 17 });
    expect(manifests(temporary)).toHaveLength(1);
    expect(readTree(root)[place]).toMatchObject({ type: 'file', size: 11 });
  });

  test('a record that cannot be read is a warning, and all is copied', async () => {
    const root = makeProject({ 'node_modules/some/package.json': '{}' });
    await buildTwice(root);
    const [cache] = caches(root).filter((each) => existsSync(each));
    const manifest = join(cache!, manifests(cache!)[0]!);
    rmSync(manifest);
    mkdirSync(join(manifest, 'of somebody'), { recursive: true });
    rmSync(join(root, 'dist'), { recursive: true });
    const { warnings } = await buildTwice(root);
    expect(warnings).toContainEqual(expect.stringMatching(/manifest .* cannot be read and was ignored/));
    expect(readdirSync(manifest)).toEqual(['of somebody']);
  });

  test('a record with another content is a warning, and all is copied once', async () => {
    const root = makeProject({ 'node_modules/some/package.json': '{}' });
    await buildTwice(root);
    const [cache] = caches(root).filter((each) => existsSync(each));
    writeFileSync(join(cache!, manifests(cache!)[0]!), 'neither a manifest nor a part of one');
    const { reports, warnings } = await buildTwice(root);
    expect(warnings).toEqual([expect.stringMatching(/manifest .* is damaged/)]);
    expect(reports.map(({ files, unchanged }) => [files, unchanged])).toEqual([
      [17, 0],
      [0, 17],
    ]);
  });
}
