import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CopyReport } from 'fs-reflink';
import type { Options } from 'unplugin-reflink';
import { expect, test } from 'vitest';
import { pastTick } from '../support/clock.ts';
import { readTree } from '../support/trees.ts';
import { BUNDLE } from './cases.ts';
import { type Host, identityOf, makeProject } from './project.ts';

const options: Options = { publicDir: 'static', targets: [{ from: 'assets', to: 'assets' }] };

/** A dry run copies and deletes nothing, and its report says what another build would do. */
export function describeDryRun(host: Host): void {
  const build = async (root: string, given: Options) => {
    const reports: CopyReport[] = [];
    const report = (each: CopyReport) => void reports.push(each);
    const outcome = await host.build({ root, options: { report, ...given } });
    expect(outcome.errors).toEqual([]);
    return { ...outcome, reports };
  };

  test('dryRun: a first build copies nothing, and says what it would copy', async () => {
    const root = makeProject();
    const { outDir, log } = await build(root, { ...options, dryRun: true, report: 'summary' });
    expect(Object.keys(readTree(outDir))).toEqual([BUNDLE]);
    expect(log.filter((line) => line.includes('→'))).toEqual([
      expect.stringMatching(/public, targets → \S*dist: would copy 17$/),
    ]);
    const { reports } = await build(root, options);
    expect(reports).toMatchObject([{ files: 17 }]);
  });

  test('dryRun: a later build leaves what is copied and what is stale, and reports what the next one does', async () => {
    const root = makeProject({ 'static/stale.txt': 'stale' });
    await pastTick();
    const { outDir } = await build(root, options);
    rmSync(join(root, 'static/stale.txt'));
    writeFileSync(join(root, 'static/added.txt'), 'added');
    writeFileSync(join(root, 'assets/b.md'), 'changed');
    await pastTick();
    const names = ['plain.txt', 'stale.txt', 'assets/a.txt', 'assets/b.md'];
    const identities = () => names.map((name) => identityOf(join(outDir, name)));
    const before = identities();
    const dry = await build(root, { ...options, dryRun: true });
    expect(identities()).toEqual(before);
    expect(existsSync(join(outDir, 'added.txt'))).toBe(false);
    const { reports } = await build(root, options);
    const { files, bytes, unchanged, pruned, links } = reports[0]!;
    expect({ files, pruned }).toEqual({ files: 2, pruned: 1 });
    expect(dry.reports).toMatchObject([{ files, bytes, unchanged, pruned, links, methods: {} }]);
  });

  test('dryRun: what the options do not name any more stays for a build that deletes it', async () => {
    const root = makeProject();
    const { outDir } = await build(root, options);
    for (const after of [{ publicDir: 'more' }, { publicDir: false as const }]) {
      const { outDir } = await build(root, { ...after, dryRun: true });
      expect(existsSync(join(outDir, 'assets/a.txt'))).toBe(host.id !== 'vite' || after.publicDir !== false);
    }
    await build(root, { publicDir: 'more' });
    const found = Object.entries(readTree(outDir)).filter(([, { type }]) => type === 'file');
    expect(found.map(([name]) => name).sort()).toEqual([BUNDLE, 'extra.txt', 'notes.md']);
  });

  test('dryRun: a file of the bundle that both sides have is written by the bundler', async () => {
    const root = makeProject({ [`static/${BUNDLE}`]: 'public' });
    const dry = await build(root, { ...options, dryRun: true });
    expect(readFileSync(join(dry.outDir, BUNDLE), 'utf8')).toContain('bundled');
    expect(dry.warnings).toEqual([expect.stringContaining(`${BUNDLE} is both in the public directory`)]);
    const { reports } = await build(root, options);
    expect(reports).toMatchObject([{ files: 17 }]);
    expect(dry.reports).toMatchObject([{ files: 17 }]);
  });
}
