import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Plugin } from 'vite';
import { expect, test } from 'vitest';
import { makeProject } from '../hosts/project.ts';
import { replaceAtOnce, untilWatched } from '../support/watches.js';
import { type Answer, ask, type Served, type Serving, startDev } from './servers.ts';
import { describeVites } from './support.ts';

/** Repeats a request until `accept` accepts the answer, and returns that answer. */
async function eventually(served: Served, path: string, accept: (answer: Answer) => boolean) {
  for (;;) {
    const answer = await ask(served, path);
    if (accept(answer)) return answer;
    await wait(20);
  }
}

/** Makes a change, and waits until Vite's watcher has reported all of the paths. */
async function toldOf({ server }: Serving, paths: string[], change: () => void): Promise<void> {
  const left = new Set(paths);
  const listen = (_event: string, path: string) => void left.delete(path);
  server.watcher.on('all', listen);
  change();
  while (left.size > 0) await wait(5);
  server.watcher.off('all', listen);
}

/** Counts the messages that tell the page to reload. */
function reloads(): { plugin: Plugin; count: () => number } {
  let count = 0;
  const plugin: Plugin = {
    name: 'counts-reloads',
    configureServer(server) {
      const { hot } = server.environments.client;
      const send = hot.send.bind(hot) as (...given: unknown[]) => void;
      hot.send = (...given: unknown[]) => {
        if ((given[0] as { type?: string }).type === 'full-reload') count++;
        send(...given);
      };
    },
  };
  return { plugin, count: () => count };
}

describeVites((host) => {
  test('files that come, change and go', async () => {
    const root = makeProject({ 'node_modules/pkg/dist/a.js': 'first' });
    const outside = makeProject();
    const { plugin, count } = reloads();
    const dev = await startDev(
      host,
      root,
      {
        publicDir: 'static',
        targets: [
          { from: 'assets', to: 'x' },
          { from: 'node_modules/pkg/dist', to: 'pkg' },
          { from: join(outside, 'more'), to: 'outside' },
        ],
      },
      { plugins: [plugin] },
    );
    for (const path of ['/x/a.txt', '/pkg/a.js', '/outside/extra.txt']) {
      expect((await ask(dev, path)).status).toBe(200);
    }
    writeFileSync(join(root, 'assets/a.txt'), 'changed');
    expect((await ask(dev, '/x/a.txt')).body).toBe('changed');
    await untilWatched(join(root, 'assets'), join(root, 'static'), join(outside, 'more'));
    mkdirSync(join(root, 'assets/new/deeper'), { recursive: true });
    writeFileSync(join(root, 'assets/new/deeper/n.txt'), 'new');
    writeFileSync(join(root, 'static/new.txt'), 'new');
    for (const path of ['/x/new/deeper/n.txt', '/new.txt']) {
      expect(await eventually(dev, path, ({ body }) => body === 'new')).toMatchObject({ status: 200 });
    }
    writeFileSync(join(outside, 'more/new.txt'), 'new');
    const added = await eventually(dev, '/outside/new.txt', ({ body }) => body === 'new');
    expect(added).toMatchObject({ status: 200 });
    const gone = ['assets/new', 'assets/new/deeper', 'assets/new/deeper/n.txt'].map((each) =>
      join(root, each),
    );
    await toldOf(dev, gone, () => rmSync(join(root, 'assets/new'), { recursive: true }));
    expect((await ask(dev, '/x/new/deeper/n.txt')).status).toBe(404);
    await ask(dev, '/x/a.txt');
    // Vite never watches packages, so they are scanned again for every page.
    writeFileSync(join(root, 'node_modules/pkg/dist/b.js'), 'second');
    expect((await ask(dev, '/pkg/b.js')).status).toBe(404);
    await ask(dev, '/', { headers: { accept: 'text/html' } });
    expect((await ask(dev, '/pkg/b.js')).body).toBe('second');
    expect(count()).toBe(0);
    expect(dev.log.warnings).toEqual([]);
    expect(dev.log.errors).toEqual([]);
  });

  test('a directory that replaces a file at once', async () => {
    const root = makeProject({ data: 'a file' });
    const dev = await startDev(host, root, { targets: [{ from: 'data', to: 'x' }] });
    expect((await ask(dev, '/x/data')).body).toBe('a file');
    await untilWatched(root);
    // The watcher reports both as a change of the file.
    await toldOf(dev, [join(root, 'data')], () => {
      rmSync(join(root, 'data'));
      mkdirSync(join(root, 'data'));
      writeFileSync(join(root, 'data/a.txt'), 'first');
    });
    await eventually(dev, '/x/a.txt', ({ body }) => body === 'first');
  });

  test('the page reloads for what is copied, and only where that is asked for', async () => {
    const root = makeProject({ 'other/o.txt': 'other', 'main.js': 'console.log(1)' });
    const { plugin, count } = reloads();
    const dev = await startDev(
      host,
      root,
      { targets: [{ from: 'assets', to: 'x' }], vite: { reload: true } },
      { plugins: [plugin] },
    );
    expect((await ask(dev, '/x/a.txt')).status).toBe(200);
    await untilWatched(join(root, 'assets/a.txt'), join(root, 'assets'), join(root, 'other/o.txt'));
    const steps: (() => void)[] = [
      () => replaceAtOnce(join(root, 'assets/a.txt'), 'changed'),
      () => replaceAtOnce(join(root, 'assets/added.txt'), 'added'),
      () => rmSync(join(root, 'assets/added.txt')),
    ];
    for (const step of steps) {
      const before = count();
      step();
      while (count() === before) await wait(20);
    }
    const other = join(root, 'other/o.txt');
    await toldOf(dev, [other], () => replaceAtOnce(other, 'changed'));
    // Wait longer than the plugin collects changes, in case it has collected this one.
    await wait(60);
    expect(count()).toBe(steps.length);
  });
});
