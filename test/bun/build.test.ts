import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeProject } from '../hosts/project.ts';
import { build, skipped } from './hosts.ts';

describe.skipIf(skipped)(`Bun.build${skipped ? ` (skipped: ${skipped})` : ''}`, () => {
  test('the plugin of all hosts', async () => {
    const root = makeProject();
    const options = { publicDir: 'static', report: 'summary' } as const;
    const { log, errors, warnings } = await build({ root, options }, { entryPoint: 'unplugin-reflink' });
    expect({ errors, warnings }).toEqual({ errors: [], warnings: [] });
    expect(log).toEqual([expect.stringMatching(/^public → dist: 13 copied in /)]);
    expect(readFileSync(join(root, 'dist/plain.txt'), 'utf8')).toBe('plain');
  });

  test('without an output directory nothing is copied, with a warning', async () => {
    const root = makeProject();
    const { log, errors, warnings } = await build(
      { root, options: { publicDir: 'static' } },
      { outdir: undefined },
    );
    expect({ errors, log }).toEqual({ errors: [], log: [] });
    expect(warnings).toEqual([
      expect.stringMatching(
        /^nothing is copied for the public directory "static", because the bundler does not write its output to the disk/,
      ),
    ]);
    expect(existsSync(join(root, 'dist'))).toBe(false);
  });

  test("the entry of esbuild names Bun's", async () => {
    const root = makeProject();
    const { errors } = await build(
      { root, options: { publicDir: 'static' } },
      { entryPoint: 'unplugin-reflink/esbuild' },
    );
    expect(errors.join('\n')).toMatch(
      /unplugin-reflink\/esbuild works in esbuild 0\.19 or newer, and this build runs in Bun 1\.4\.\d+\. Use "unplugin-reflink\/bun"\./,
    );
  });

  test('several builds at the same time in one process', async () => {
    const root = makeProject();
    const options = { publicDir: 'static', report: false } as const;
    const { errors, warnings } = await build({ root, options }, { times: 3 });
    expect({ errors, warnings }).toEqual({ errors: [], warnings: [] });
    for (const name of ['dist', 'dist1', 'dist2'])
      expect(readFileSync(join(root, name, 'run.sh'), 'utf8')).toBe('#!/bin/sh\n');
  });
});
