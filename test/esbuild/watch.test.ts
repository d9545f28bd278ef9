import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Plugin } from 'esbuild';
import reflink from 'unplugin-reflink/esbuild';
import { expect, test } from 'vitest';
import { identityOf, makeProject } from '../hosts/project.ts';
import { pastTick } from '../support/clock.ts';
import { untilWatched, watchesOf } from '../support/watches.js';
import { byDefault, type Context, until, untilIdle, withContext } from './contexts.ts';
import { collectStderr, describeEsbuilds } from './hosts.ts';

const unchanged = ['run.sh', 'one/two/three/deepest.bin', 'assets/sub/c.txt'];

describeEsbuilds((host) => {
  test('a watching context copies what is added and changed, and deletes what is deleted', async () => {
    const root = makeProject();
    await pastTick();
    await withContext(host, root, byDefault, async ({ context, outDir, reports }) => {
      const at = (path: string) => join(outDir, path);
      const reads = (path: string) => (existsSync(at(path)) ? readFileSync(at(path), 'utf8') : undefined);
      await context.watch();
      expect(await until(() => reports.length > 0)).toBe(true);
      const identities = () => unchanged.map((path) => identityOf(at(path)));
      const before = identities();
      await untilWatched(join(root, 'static'), join(root, 'assets'));
      const copied = () => reports.slice(1).reduce((sum, { files }) => sum + files, 0);
      const pruned = () => reports.reduce((sum, report) => sum + report.pruned, 0);

      writeFileSync(join(root, 'static/added.txt'), 'added');
      expect(await until(() => reads('added.txt') === 'added')).toBe(true);
      writeFileSync(join(root, 'assets/a.txt'), 'changed');
      expect(await until(() => reads('assets/a.txt') === 'changed')).toBe(true);
      mkdirSync(join(root, 'static/new/deep'), { recursive: true });
      writeFileSync(join(root, 'static/new/deep/f.txt'), 'deep');
      expect(await until(() => reads('new/deep/f.txt') === 'deep')).toBe(true);
      writeFileSync(join(root, 'static/new/deep/g.txt'), 'later');
      expect(await until(() => reads('new/deep/g.txt') === 'later')).toBe(true);
      rmSync(join(root, 'static/new'), { recursive: true });
      expect(await until(() => !existsSync(at('new')))).toBe(true);
      rmSync(join(root, 'static/zero'));
      expect(await until(() => !existsSync(at('zero')))).toBe(true);
      renameSync(join(root, 'assets/b.md'), join(root, 'assets/c.md'));
      expect(await until(() => reads('assets/c.md') === 'b' && !existsSync(at('assets/b.md')))).toBe(true);

      // The report comes after the files are copied.
      expect(await until(() => pruned() >= 4)).toBe(true);
      expect(pruned()).toBe(4);
      expect(identities()).toEqual(before);
      // A change is copied once or, if a copy sees only half of it, twice.
      expect(copied()).toBeLessThanOrEqual(12);
    });
  });

  test('a source that changes while the copy of a build runs is copied after that build', async () => {
    const root = makeProject({ 'texts/z.txt': 'first' });
    let onStart = () => {};
    let duringCopy: (() => void) | undefined;
    const plugin = reflink({
      publicDir: 'static',
      targets: [
        {
          from: 'texts',
          transform: async (content) => {
            duringCopy?.();
            duringCopy = undefined;
            // Until the system has reported the change.
            await wait(100);
            return content;
          },
        },
      ],
      report: false,
    });
    const starts: Plugin = { name: 'starts', setup: (build) => build.onStart(() => onStart()) };
    const plugins = { plugins: [plugin, starts] };
    await withContext(
      host,
      root,
      {},
      async ({ context, outDir }) => {
        const reads = (name: string) => readFileSync(join(outDir, name), 'utf8');
        await context.watch();
        expect(await until(() => existsSync(join(outDir, 'z.txt')))).toBe(true);
        await untilWatched(join(root, 'static'), join(root, 'texts'));
        await untilIdle(root);
        duringCopy = () => writeFileSync(join(root, 'static/zero'), 'changed during the copy');
        onStart = () => {
          onStart = () => {};
          writeFileSync(join(root, 'texts/z.txt'), 'second');
        };
        writeFileSync(join(root, 'main.js'), 'console.log("second");');
        expect(await until(() => reads('z.txt') === 'second')).toBe(true);
        expect(await until(() => reads('zero') === 'changed during the copy', 5000)).toBe(true);
      },
      plugins,
    );
  });

  test('a directory that is not there yet, or comes again, is copied when it comes', async () => {
    const root = makeProject();
    const options = { publicDir: 'later/on', allowMissing: true, report: false } as const;
    await withContext(host, root, options, async ({ context, outDir }) => {
      await context.watch();
      expect(await until(() => existsSync(join(outDir, 'bundle.js')))).toBe(true);
      for (const content of ['first', 'second']) {
        await untilWatched(root);
        mkdirSync(join(root, 'later/on'), { recursive: true });
        writeFileSync(join(root, 'later/on/f.txt'), content);
        const place = join(outDir, 'f.txt');
        expect(await until(() => existsSync(place) && readFileSync(place, 'utf8') === content)).toBe(true);
        rmSync(join(root, 'later'), { recursive: true });
        expect(await until(() => !existsSync(place))).toBe(true);
      }
    });
  });

  test('a file replaces a directory, at once', async () => {
    const root = makeProject({ 'static/swap/x.txt': 'x', 'static/swap/deep/y.txt': 'y' });
    await withContext(host, root, byDefault, async ({ context, outDir, reports }) => {
      await context.watch();
      expect(await until(() => reports.length > 0)).toBe(true);
      await untilWatched(join(root, 'static'), join(root, 'static/swap/deep'));
      rmSync(join(root, 'static/swap'), { recursive: true });
      writeFileSync(join(root, 'static/swap'), 'file');
      const place = join(outDir, 'swap');
      expect(await until(() => statSync(place, { throwIfNoEntry: false })?.isFile() ?? false)).toBe(true);
      expect(readFileSync(place, 'utf8')).toBe('file');
    });
  });

  test('while the build fails nothing is copied; with the next that works everything is', async () => {
    const root = makeProject();
    const ends: number[] = [];
    const counting: Plugin = {
      name: 'counting',
      setup: ({ onEnd }) => onEnd(({ errors }) => void ends.push(errors.length)),
    };
    const plugins = [reflink({ ...byDefault, report: false }), counting];
    const body = async ({ context, outDir }: Context) => {
      await context.watch();
      expect(await until(() => ends.length > 0)).toBe(true);
      await untilWatched(join(root, 'static'));
      writeFileSync(join(root, 'main.js'), 'this is no JavaScript');
      // esbuild polls for changes.
      expect(await until(() => ends.at(-1)! > 0)).toBe(true);
      // This watcher and the plugin get the event at the same time. Then only the plugin's work has to be waited for.
      const watcher = watch(join(root, 'static'));
      const changed = once(watcher, 'change');
      writeFileSync(join(root, 'static/plain.txt'), 'held back');
      await changed;
      watcher.close();
      await untilIdle(root);
      expect(readFileSync(join(outDir, 'plain.txt'), 'utf8')).toBe('plain');
      writeFileSync(join(root, 'main.js'), 'console.log("works again")');
      expect(await until(() => readFileSync(join(outDir, 'plain.txt'), 'utf8') === 'held back')).toBe(true);
      expect(readFileSync(join(outDir, 'bundle.js'), 'utf8')).toContain('works again');
    };
    await withContext(host, root, byDefault, body, { plugins });
  });

  test('what goes wrong between builds is printed as esbuild prints errors, and made up for', async () => {
    const root = makeProject();
    const stderr = collectStderr();
    const talks: Plugin = {
      name: 'talks',
      setup({ initialOptions, onStart }) {
        // This is too late for esbuild itself, which stays silent.
        onStart(() => void (initialOptions.logLevel = 'error'));
      },
    };
    const plugins = [reflink({ ...byDefault, report: false }), talks];
    const body = async ({ context, outDir }: Context) => {
      await context.watch();
      await untilWatched(join(root, 'static'));
      mkdirSync(join(outDir, 'added.txt/in the way'), { recursive: true });
      writeFileSync(join(root, 'static/added.txt'), 'added');
      expect(await until(() => stderr.lines().join('').includes('added.txt'))).toBe(true);
      expect(stderr.lines()).toHaveLength(1);
      expect(stderr.lines()[0]).toMatch(
        /\[ERROR\] .*static\/added\.txt" to ".*dist\/added\.txt": E\w+: .*\[plugin unplugin-reflink\]/s,
      );
      rmSync(join(outDir, 'added.txt'), { recursive: true });
      await context.rebuild();
      expect(readFileSync(join(outDir, 'added.txt'), 'utf8')).toBe('added');
    };
    try {
      await withContext(host, root, byDefault, body, { plugins });
    } finally {
      stderr.restore();
    }
  });

  test('a serving context serves what was copied, in parts too, and what has changed since', async () => {
    const root = makeProject();
    await withContext(host, root, byDefault, async ({ context, reports }) => {
      await context.rebuild();
      await untilIdle(root);
      expect([reports.length, watchesOf(join(root, 'static'))]).toEqual([1, 0]);
      const { port } = await context.serve({ servedir: join(root, 'dist'), host: '127.0.0.1', port: 0 });
      const get = (path: string, headers: Record<string, string> = {}) =>
        fetch(`http://127.0.0.1:${port}${path}`, { headers });
      const text = async (path: string) => (await get(path)).text();
      expect(await text('/plain.txt')).toBe('plain');
      expect(await text('/bundle.js')).toContain('bundled');
      const part = await get('/one/two/three/deepest.bin', { range: 'bytes=2-4' });
      expect(part.status).toBe(206);
      expect([...new Uint8Array(await part.arrayBuffer())]).toEqual([2, 253, 254]);
      expect((await get('/none.txt')).status).toBe(404);
      // A request makes esbuild build again, unless it has just done so.
      expect(
        await until(async () => {
          await text('/bundle.js');
          return watchesOf(join(root, 'static')) > 0;
        }),
      ).toBe(true);
      await untilWatched(join(root, 'static'));
      writeFileSync(join(root, 'static/plain.txt'), 'changed');
      expect(await until(async () => (await text('/plain.txt')) === 'changed')).toBe(true);
      writeFileSync(join(root, 'static/added.txt'), 'added');
      expect(await until(async () => (await get('/added.txt')).status === 200)).toBe(true);
      rmSync(join(root, 'static/added.txt'));
      expect(await until(async () => (await get('/added.txt')).status === 404)).toBe(true);
    });
  });
});
