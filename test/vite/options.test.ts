import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { CopyReport } from 'fs-reflink';
import reflink from 'unplugin-reflink/vite';
import { describe, expect, test, vi } from 'vitest';
import { pastTick } from '../support/clock.ts';
import { build, describeVites, manyFiles, project } from './support.ts';

describe('a wrong option is refused when the plugin is made', () => {
  const wrong: [given: unknown, named: string[]][] = [
    [{ reflnk: 'auto' }, ['unknown option "reflnk"', 'known are reflink']],
    [{ reflink: 'sometimes' }, ['"reflink"', "'sometimes'", "'auto', 'always' or 'never'"]],
    [{ atomic: 'yes' }, ['"atomic"', "'yes'", 'a boolean']],
    [{ preserve: 'mode' }, ['"preserve"', "'mode'", 'an array']],
    [{ preserve: ['mood'] }, ['"preserve"', "[ 'mood' ]"]],
    [{ symlinks: 'ignore' }, ['"symlinks"', "'ignore'", "'follow' or 'keep'"]],
    [{ pageCache: true }, ['"pageCache"', 'true', "'use' or 'bypass'"]],
    [{ durability: 'much' }, ['"durability"', "'much'"]],
    [{ concurrency: 0 }, ['"concurrency"', '0', 'from 1 to 8']],
    [{ concurrency: '2' }, ['"concurrency"', "'2'"]],
    [{ report: true }, ['"report"', 'true', "false, 'summary', 'verbose' or a function"]],
    [{ cacheDirectory: '' }, ['"cacheDirectory"', "''", 'a path']],
    [{ report: 'loud' }, ['"report"', "'loud'"]],
    [
      { vite: { environments: 'client' } },
      ['"vite.environments"', "'client'", 'an array of names or a function'],
    ],
    [{ vite: { environments: [1] } }, ['"vite.environments"', '[ 1 ]']],
    [{ vite: { reload: 'page' } }, ['"vite.reload"', "'page'", 'true or false']],
    [{ targets: [{ from: 'a', minimize: true }] }, ['"targets" has "minimize", which is for webpack only']],
    [{ publicDir: { dir: 'a', info: {} } }, ['"publicDir" has "info", which is for webpack only']],
    ['fast', ["'fast'", 'an object']],
    [['reflink'], ["[ 'reflink' ]", 'an object']],
  ];
  test.each(wrong)('%j', (given, named) => {
    let thrown: unknown;
    try {
      reflink(given as never);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(TypeError);
    for (const each of ['unplugin-reflink (vite): ', ...named]) {
      expect((thrown as TypeError).message).toContain(each);
    }
  });

  test.each([[undefined], [{}], [{ report: undefined, reflink: undefined }]])('%j is none', (given) => {
    expect(() => reflink(given as never)).not.toThrow();
  });
});

describeVites((host) => {
  test.each([
    ['few', { 'public/a.txt': 'a', 'public/b.bin': Buffer.alloc(1500, 'b') }, /2 copied/],
    ['many', manyFiles, /80 copied/],
  ])('one line through the logger for each build, %s files', async (_name, spec, copied) => {
    const root = project(spec);
    await pastTick();
    const lines: string[][] = [];
    for (let run = 0; run < 2; run++) {
      const { log } = await build(host, root, { options: { report: 'summary', reflink: 'auto' } });
      lines.push(log.infos.filter((message) => message.includes('public →')));
    }
    expect(lines.map(({ length }) => length)).toEqual([1, 1]);
    expect(lines[0]![0]).toMatch(new RegExp(`^public → dist: ${copied.source} in \\d+ ms$`));
    expect(lines[1]![0]).toMatch(/^public → dist: \d+ unchanged in \d+ ms$/);
  });

  test('report: false says nothing', async () => {
    const root = project({ 'public/a.txt': 'a' });
    const { log } = await build(host, root, { options: { report: false, reflink: 'auto' } });
    expect(log.infos.filter((message) => /public|reflink/.test(message))).toEqual([]);
  });

  test('a function gets the report and the absolute output directory, once', async () => {
    const root = project({ 'public/a.txt': 'a' });
    const report = vi.fn<(report: CopyReport, outDir: string) => void>();
    const { log } = await build(host, root, { options: { report } });
    expect(report.mock.calls).toEqual([
      [expect.objectContaining({ files: 1, bytes: 1 }), join(root, 'dist')],
    ]);
    expect(log.infos.filter((message) => /public|reflink/.test(message))).toEqual([]);
  });

  test('a function that chooses environments may not be asynchronous', async () => {
    const root = project({ 'public/a.txt': 'a' });
    const options = { vite: { environments: (async () => false) as never } };
    await expect(build(host, root, { options })).rejects.toThrow(
      'option "vite.environments" returned a promise; it must not be asynchronous',
    );
  });

  test('the engine gets its options', async () => {
    const root = project({ 'public/a.txt': 'a', 'public/b.bin': Buffer.alloc(10_000, 'b') });
    const { report } = await build(host, root, { options: { reflink: 'never', preserve: [], atomic: true } });
    expect(Object.keys(report.methods)).not.toContain('ficlone');
    expect(report.files).toBe(2);
  });
});

describe('the built package', () => {
  const run = (code: string, ...flags: string[]) =>
    execFileSync(process.execPath, [...flags, '-e', code], { cwd: import.meta.dirname, encoding: 'utf8' });
  const print = (plugin: string) =>
    `process.stdout.write(JSON.stringify(${plugin}({ report: false }).map(({ name }) => name)))`;
  const names = JSON.stringify([
    'unplugin-reflink',
    'unplugin-reflink:copy',
    'unplugin-reflink:serve',
    'unplugin-reflink:public',
  ]);

  test('can be required', () => {
    expect(run(`const reflink = require('unplugin-reflink/vite'); ${print('reflink')}`)).toBe(names);
  });

  test('can be imported', () => {
    const code = `import reflink from 'unplugin-reflink/vite'; ${print('reflink')}`;
    expect(run(code, '--input-type=module')).toBe(names);
  });

  test('refuses wrong options as the source does', () => {
    const code = `try { require('unplugin-reflink/vite')({ a: 1 }) } catch (e) { process.stdout.write(e.message) }`;
    expect(run(code)).toContain('unplugin-reflink (vite): unknown option "a"');
  });
});
