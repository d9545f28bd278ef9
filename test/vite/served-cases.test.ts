import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BUNDLE, cases, type Expected, type HostCase } from '../hosts/cases.ts';
import { makeProject } from '../hosts/project.ts';
import { type Answer, ask, startDev, startPreview, urlOf } from './servers.ts';
import { describeVites } from './support.ts';

const served = cases.filter(({ error, old }) => !error && !old);
/** The cases with errors that a server reports too. A server has no bundle to find the other errors with. */
const refused = cases.filter(
  ({ error, old, name }) => error && !old && !/transform|bundle|public/.test(name),
);

/** The names of all cases: in each case, the names that it does not have must not exist. */
const names = [...new Set(cases.flatMap(({ expected }) => Object.keys(expected ?? {})))];

const bundle = (root: string) => ({
  build: { rollupOptions: { input: join(root, 'main.js'), output: { entryFileNames: BUNDLE } } },
});

function optionsOf({ options }: HostCase, root: string) {
  return typeof options === 'function' ? options(root) : options;
}

function bytesOf(root: string, expected: Expected | undefined): string | undefined {
  if (typeof expected === 'string' && expected !== '/') return readFileSync(join(root, expected), 'latin1');
  return typeof expected === 'object' && 'written' in expected ? expected.written : undefined;
}

const isDirectory = (path: string) => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

describeVites((host) => {
  test.each(served)('$name: served as it would be built', async (each) => {
    const root = makeProject(each.tree);
    const options = optionsOf(each, root);
    const dev = await startDev(host, root, options);
    const preview = await startPreview(host, root, options, bundle(root));
    const expected = each.expected ?? {};
    const isTransformed = (name: string) => typeof expected[name] === 'object';
    for (const name of names) {
      // Vite also serves the files of the project, and a development server has no bundle.
      const bytes = bytesOf(root, expected[name]);
      const ownOfVite = bytes === undefined && existsSync(join(root, name));
      if (ownOfVite || (name === BUNDLE && bytes === undefined)) continue;
      // Vite 6 treats a directory as a public file, also in its own public directory.
      if (host.name === 'Vite 6' && isDirectory(join(root, 'static', name))) continue;
      const [there, here] = [await ask(preview, urlOf(name)), await ask(dev, urlOf(name))];
      const comparable = ({ status, type, etag, body }: Answer) =>
        status === 404 ? { status } : { status, type, body, ...(!isTransformed(name) && { etag }) };
      expect(comparable(here), name).toEqual(comparable(there));
      if (bytes === undefined) continue;
      expect({ status: here.status, body: here.body }, name).toEqual({ status: 200, body: bytes });
    }
    expect(dev.log.errors).toEqual([]);
    const warnings = each.served ?? each.warnings?.filter((warning) => !/bundle/.test(warning.source)) ?? [];
    expect(dev.log.warnings).toEqual(warnings.map((warning) => expect.stringMatching(warning)));
  });

  test.each(refused)('$name: said once, and the rest is served', async (each) => {
    const root = makeProject(each.tree);
    const options = optionsOf(each, root);
    const good = { from: 'assets/a.txt', to: 'good' };
    const dev = await startDev(host, root, { ...options, targets: [...(options.targets ?? []), good] });
    expect(dev.log.errors).toEqual([]);
    for (let times = 0; times < 2; times++) expect((await ask(dev, '/good/a.txt')).body).toBe('a');
    expect(dev.log.errors).toEqual([expect.stringMatching(each.error!)]);
  });

  test('a transform that throws is the answer, with both paths', async () => {
    const root = makeProject();
    const transform = () => {
      throw new Error('on purpose');
    };
    const dev = await startDev(host, root, { targets: [{ from: 'assets/a.txt', to: 'x', transform }] });
    const { status, body } = await ask(dev, '/x/a.txt');
    expect(status).toBe(500);
    expect(body).toMatch(/assets\/a\.txt.*x\/a\.txt.*ERR_TRANSFORM.*on purpose/s);
    expect(dev.log.errors.join('\n')).toContain('ERR_TRANSFORM');
  });

  test('nothing is written while developing', async () => {
    const root = makeProject();
    const dev = await startDev(host, root, { targets: [{ from: 'assets', to: 'x' }], publicDir: 'static' });
    expect((await ask(dev, '/x/a.txt')).status).toBe(200);
    expect((await ask(dev, '/plain.txt')).status).toBe(200);
    expect(existsSync(join(root, 'dist'))).toBe(false);
    rmSync(join(root, 'assets/a.txt'));
    expect((await ask(dev, '/x/a.txt')).status).toBe(404);
  });
});
