import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import fs, { chmodSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type CopyReport, copyFile } from 'fs-reflink';
import type { Options } from 'unplugin-reflink';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { pastTick } from '../support/clock.ts';
import { sharesExtents } from '../support/extents.ts';
import { type MountedFilesystem, mountFilesystem } from '../support/filesystems.ts';
import { describeOn } from '../support/places.ts';
import { readTree, symlink, type TreeSpec, writeTree } from '../support/trees.ts';
import { type HostOutcome, makeProject } from './project.ts';

/** A change that another plugin makes to the bundle. Assets are named by their imported files. */
export type Meddling = (bundle: Record<string, { source?: unknown; names?: string[] }>) => void;

export interface AssetProject {
  root: string;
  options: Options;
  /** Another plugin calls this in `generateBundle`, both before ours and after. */
  meddle?: Meddling;
  /** If false, the bundle stays in memory. */
  write?: boolean;
  /** How the bundler names assets: with `[name]`, `[hash]` and `[extname]`. */
  names?: string;
  /** Called when the contents are known and nothing is copied yet. */
  meanwhile?: () => void;
}

export interface AssetOutcome extends HostOutcome {
  /** The contents of assets by name, if nothing was written. */
  contents: Record<string, unknown>;
  /** Names of files that the bundler has read with functions that {@link filesRead} does not observe. */
  read?: string[];
}

/** A bundler that copies imported files. Its entry is `main.js`, its output `dist/bundle.js`. */
export interface AssetHost {
  name: string;
  /** The query with which modules import the URL of a file. */
  query?: string;
  /** Whether the bundler reads files without functions of Node.js. */
  isNative?: boolean;
  /** Whether it writes stand-ins over what the previous build copied, so that nothing is unchanged. */
  overwrites?: boolean;
  /** Whether plugins cannot read its bundle. */
  hasNoBundle?: boolean;
  build(project: AssetProject): Promise<AssetOutcome>;
}

const KIB = 1024;
/** The content of a file that the option selects by default. No two contents are equal. */
const big = () => randomBytes(256 * KIB);

/** The code of a module that exports the URLs of files. */
function importing({ query = '' }: Pick<AssetHost, 'query'>, ...files: string[]): string {
  const imports = files.map(
    (file, number) => `import url${number} from ${JSON.stringify(`./${file}${query}`)};`,
  );
  return `${imports.join('\n')}\nexport default [${files.map((_file, number) => `url${number}`)}];\n`;
}

/** The files that the URLs in a bundle lead to. */
function filesOf({ outDir }: AssetOutcome): string[] {
  const bundle = pathToFileURL(join(outDir, 'bundle.js')).href;
  const script = `import(${JSON.stringify(bundle)}).then((m) => console.log(JSON.stringify(m.default)))`;
  const urls = JSON.parse(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' })) as string[];
  return urls.map((url) =>
    url.startsWith('file:') ? fileURLToPath(url) : join(outDir, decodeURIComponent(url)),
  );
}

const hashOf = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');

const spies: { mockRestore(): void }[] = [];

function stopSpying(): void {
  for (const each of spies.splice(0)) each.mockRestore();
  syncBuiltinESMExports();
}

/** Returns a list to which every file is added that any code reads as a whole from now on. */
export function filesRead(): string[] {
  stopSpying();
  onTestFinished(stopSpying);
  const read: string[] = [];
  for (const [owner, name] of [
    [fs, 'readFile'],
    [fs, 'readFileSync'],
    [fs.promises, 'readFile'],
  ] as const) {
    const original = owner[name as never] as (...given: unknown[]) => unknown;
    const spy = vi.spyOn(owner, name as never) as unknown as {
      mockImplementation(by: (...given: unknown[]) => unknown): { mockRestore(): void };
    };
    spies.push(
      spy.mockImplementation((...given) => {
        read.push(basename(String(given[0])));
        return original.apply(owner, given);
      }),
    );
  }
  syncBuiltinESMExports();
  return read;
}

/** The files of a project that contain a stand-in. */
export function standInsBelow(root: string): string[] {
  return fs.readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => {
    const file = join(root, name);
    return fs.statSync(file).isFile() && readFileSync(file).includes('unplugin-reflink stands in for');
  });
}

async function buildOnce(host: AssetHost, project: Omit<AssetProject, 'options'>, options: Options = {}) {
  const reports: CopyReport[] = [];
  const outcome = await host.build({
    ...project,
    options: { assets: true, report: (each) => void reports.push(each), ...options },
  });
  return { ...outcome, report: reports[0], reports };
}

interface SelectionCase {
  name: string;
  file: string;
  size?: number;
  assets: Options['assets'];
  copied: boolean;
}

const selections: SelectionCase[] = [
  { name: 'true, 256 KiB of a type that no tool rewrites', file: 'a.mp4', assets: true, copied: true },
  { name: 'true, a byte less', file: 'a.mp4', size: 256 * KIB - 1, assets: true, copied: false },
  { name: 'true, a picture', file: 'a.png', assets: true, copied: false },
  {
    name: 'true, in a directory with special characters',
    file: 'dir (86)/[a]/ü.bin',
    assets: true,
    copied: true,
  },
  { name: 'false', file: 'a.mp4', assets: false, copied: false },
  { name: 'minSize: 0', file: 'a.mp4', size: 1, assets: { minSize: 0 }, copied: true },
  { name: 'minSize', file: 'a.mp4', assets: { minSize: 256 * KIB + 1 }, copied: false },
  { name: 'a type of include', file: 'sub/a.png', assets: { include: '**/*.png' }, copied: true },
  {
    name: 'a type that include does not name',
    file: 'a.mp4',
    assets: { include: ['**/*.png'] },
    copied: false,
  },
  { name: 'include relative to the project', file: 'sub/a.png', assets: { include: 'sub/*' }, copied: true },
  { name: 'include of another directory', file: 'sub/a.png', assets: { include: 'other/*' }, copied: false },
  { name: 'exclude', file: 'sub/a.mp4', assets: { exclude: ['sub/**'] }, copied: false },
  { name: 'exclude of another directory', file: 'sub/a.mp4', assets: { exclude: 'a.mp4' }, copied: true },
];

/** Runs the cases of imported files with one bundler. */
export function describeAssets(host: AssetHost): void {
  describe(`${host.name}, imported files: `, () => {
    test('is copied by the engine, and read by nobody', async () => {
      const root = makeProject({ 'main.js': importing(host, 'big.bin'), 'big.bin': big() });
      const probe = await copyFile(join(root, 'big.bin'), join(root, 'probe.bin'));
      const read = filesRead();
      const outcome = await buildOnce(host, { root });
      read.push(...(outcome.read ?? []));
      expect(read.filter((name) => name === 'big.bin')).toEqual([]);
      expect(outcome.errors).toEqual([]);
      expect(outcome.report).toMatchObject({
        files: 1,
        bytes: 256 * KIB,
        methods: { [probe.method]: { files: 1 } },
      });
      const [file] = filesOf(outcome);
      expect(hashOf(file!)).toBe(hashOf(join(root, 'big.bin')));
      expect(basename(file!)).toMatch(/^big-[\w-]{8}\.bin$/);
    });

    test.each(selections)('selection: $name', async ({ file, size = 256 * KIB, assets, copied }) => {
      const root = makeProject({ 'main.js': importing(host, file), [file]: randomBytes(size) });
      const read = filesRead();
      const outcome = await buildOnce(host, { root }, { assets: assets! });
      expect(outcome.errors).toEqual([]);
      read.push(...(outcome.read ?? []));
      // The bundler or another plugin reads a file that the bundler handles.
      expect(read.includes(basename(file))).toBe(!copied && !host.isNative);
      expect(outcome.report?.files ?? 0).toBe(copied ? 1 : 0);
      const [built] = filesOf(outcome);
      expect(hashOf(built!)).toBe(hashOf(join(root, file)));
    });

    test('the summary counts it', async () => {
      const root = makeProject({ 'main.js': importing(host, 'big.bin'), 'big.bin': big() });
      const { log, errors } = await host.build({ root, options: { assets: true } });
      expect(errors).toEqual([]);
      const lines = log.filter((line) => line.includes('→'));
      expect(lines).toEqual([expect.stringMatching(/assets → \S*dist: 1 copied in \d+ ms$/)]);
    });

    test('a name changes when the content changes, and only then', async () => {
      const root = makeProject({ 'main.js': importing(host, 'big.bin'), 'big.bin': big() });
      await pastTick();
      const first = await buildOnce(host, { root });
      const [name] = filesOf(first);
      const again = host.overwrites ? { files: 1, unchanged: 0 } : { files: 0, unchanged: 1 };
      expect(await buildOnce(host, { root })).toMatchObject({ errors: [], report: { ...again, pruned: 0 } });

      utimesSync(join(root, 'big.bin'), 1, 1);
      const touched = await buildOnce(host, { root });
      expect(filesOf(touched)).toEqual([name]);

      const { length } = readFileSync(join(root, 'big.bin'));
      writeFileSync(join(root, 'big.bin'), randomBytes(length));
      const changed = await buildOnce(host, { root });
      const [other] = filesOf(changed);
      expect(other).not.toBe(name);
      expect(hashOf(other!)).toBe(hashOf(join(root, 'big.bin')));
      expect(changed.report).toMatchObject({ files: 1, pruned: 1 });
      expect(fs.existsSync(name!)).toBe(false);
    });

    test('two files of one content are one in the output', async () => {
      const content = big();
      const tree: TreeSpec = {
        'main.js': importing(host, 'a.bin', 'b.bin'),
        'a.bin': content,
        'b.bin': content,
      };
      const outcome = await buildOnce(host, { root: makeProject(tree), names: '[hash][extname]' });
      expect(new Set(filesOf(outcome)).size).toBe(1);
      expect(outcome.report).toMatchObject({ files: 1 });
    });

    test('a link is copied as the file that it leads to', async () => {
      const tree: TreeSpec = {
        'main.js': importing(host, 'link.bin'),
        'link.bin': symlink('a.bin'),
        'a.bin': big(),
      };
      const root = makeProject(tree);
      const outcome = await buildOnce(host, { root }, { symlinks: 'keep' });
      const [file] = filesOf(outcome);
      expect(fs.lstatSync(file!).isFile()).toBe(true);
      expect(hashOf(file!)).toBe(hashOf(join(root, 'a.bin')));
    });

    test('a file that is no longer imported is deleted from the output', async () => {
      const root = makeProject({ 'main.js': importing(host, 'a.bin'), 'a.bin': big() });
      const [file] = filesOf(await buildOnce(host, { root }));
      writeFileSync(join(root, 'main.js'), importing(host));
      expect(await buildOnce(host, { root })).toMatchObject({ errors: [], report: { files: 0, pruned: 1 } });
      expect(fs.existsSync(file!)).toBe(false);
    });

    if (!host.hasNoBundle) describePlugins(host);
    describeMemory(host);
    describeNames(host);
    describeFailures(host);
    describeClones(host);
  });
}

/** Cases in which other plugins look for assets in the bundle. */
function describePlugins(host: AssetHost): void {
  const assetIn = (bundle: Parameters<Meddling>[0]) =>
    Object.entries(bundle).find(([name]) => name.endsWith('.bin'))!;

  test('another plugin finds the content', async () => {
    const root = makeProject({ 'main.js': importing(host, 'big.bin'), 'big.bin': big() });
    const found: unknown[] = [];
    const outcome = await buildOnce(host, {
      root,
      meddle: (bundle) => found.push(Buffer.from(assetIn(bundle)[1].source as Uint8Array).toString('hex')),
    });
    expect(outcome.errors).toEqual([]);
    const content = readFileSync(join(root, 'big.bin')).toString('hex');
    expect(found).toEqual([content, content]);
    expect(outcome.report).toMatchObject({ files: 1 });
  });

  test('what another plugin has changed is written by the bundler', async () => {
    const root = makeProject({ 'main.js': importing(host, 'big.bin'), 'big.bin': big() });
    const outcome = await buildOnce(host, {
      root,
      meddle: (bundle) => {
        assetIn(bundle)[1].source = 'changed';
      },
    });
    expect(outcome.errors).toEqual([]);
    const [file] = filesOf(outcome);
    expect(readFileSync(file!, 'utf8')).toBe('changed');
    expect(outcome.report?.files ?? 0).toBe(0);
  });

  test('what another plugin has deleted is not copied', async () => {
    const root = makeProject({ 'main.js': importing(host, 'big.bin'), 'big.bin': big() });
    const outcome = await buildOnce(host, {
      root,
      meddle: (bundle) => {
        for (const name of Object.keys(bundle)) if (name.endsWith('.bin')) delete bundle[name];
      },
    });
    expect(outcome.errors).toEqual([]);
    expect(filesOf(outcome).filter((file) => fs.existsSync(file))).toEqual([]);
  });
}

function describeMemory(host: AssetHost): void {
  test('a bundle that stays in memory has the content', async () => {
    const root = makeProject({ 'main.js': importing(host, 'big.bin'), 'big.bin': big() });
    const { contents, errors, reports } = await buildOnce(host, { root, write: false });
    expect(errors).toEqual([]);
    const [[, content]] = Object.entries(contents).filter(([name]) => name.endsWith('.bin')) as [
      [string, Uint8Array],
    ];
    expect(Buffer.from(content).equals(readFileSync(join(root, 'big.bin')))).toBe(true);
    expect(reports).toEqual([]);
    expect(fs.existsSync(join(root, 'dist'))).toBe(false);
  });
}

/** Cases in which several files have the same name. */
function describeNames(host: AssetHost): void {
  const tree = (): TreeSpec => ({
    'main.js': importing(host, 'big.bin'),
    'big.bin': big(),
    'static/big.bin': 'public',
    'more/big.bin': 'target',
  });

  test.each<[string, Options, string, RegExp]>([
    [
      'wins over that of a public directory',
      { publicDir: 'static' },
      'big.bin',
      /^big\.bin is both in the public directory and in the bundle; the bundle's is kept$/,
    ],
    [
      'gives way to that of a target',
      { targets: [{ from: 'more/big.bin' }] },
      'more/big.bin',
      /^big\.bin is both in the targets and in the bundle; the target's is kept$/,
    ],
  ])('its file %s', async (_what, options, kept, warning) => {
    const root = makeProject(tree());
    const outcome = await buildOnce(host, { root, names: '[name][extname]' }, options);
    expect(outcome.errors).toEqual([]);
    expect(hashOf(join(outcome.outDir, 'big.bin'))).toBe(hashOf(join(root, kept)));
    expect(outcome.warnings).toEqual([expect.stringMatching(new RegExp(warning.source.replace(/^\^/, '')))]);
  });

  test('its file is copied beside public files and targets, in one report', async () => {
    const root = makeProject({ 'main.js': importing(host, 'big.bin'), 'big.bin': big() });
    const targets = [{ from: 'more', to: 'more' }];
    const outcome = await buildOnce(host, { root }, { publicDir: 'static', targets });
    const output = Object.values(readTree(outcome.outDir)).filter(({ type }) => type !== 'directory');
    expect(outcome.reports).toHaveLength(1);
    // All files except the bundle.
    expect(outcome.report!.files + outcome.report!.links).toBe(output.length - 1);
  });
}

function describeFailures(host: AssetHost): void {
  test('a file that cannot be copied ends the build', async () => {
    const root = makeProject({ 'main.js': importing(host, 'big.bin'), 'big.bin': big() });
    const { errors } = await buildOnce(host, { root, meanwhile: () => fs.rmSync(join(root, 'big.bin')) });
    expect(errors.join('\n')).toContain('big.bin');
    expect(errors.join('\n')).toMatch(/ENOENT|ERR_NO_MATCH/);
  });

  test('a build whose other files cannot be copied ends, and leaves no stand-in', async () => {
    const root = makeProject({ 'main.js': importing(host, 'big.bin'), 'big.bin': big() });
    const { errors } = await buildOnce(host, { root }, { targets: [{ from: 'missing.txt' }] });
    expect(errors.join('\n')).toMatch(/ERR_NO_MATCH|missing\.txt/);
    expect(standInsBelow(root)).toEqual([]);
  });

  test('a file that changes while it is built ends the build', async () => {
    const root = makeProject({ 'main.js': importing(host, 'big.bin'), 'big.bin': big() });
    const change = () => writeFileSync(join(root, 'big.bin'), big());
    const { errors } = await buildOnce(host, { root, meanwhile: change });
    expect(errors.join('\n')).toMatch(/ERR_SOURCE_CHANGED/);
    expect(await buildOnce(host, { root })).toMatchObject({ errors: [], report: { files: 1 } });
  });

  test('a file that gets another mode while it is built does not', async () => {
    const root = makeProject({ 'main.js': importing(host, 'big.bin'), 'big.bin': big() });
    const { errors } = await buildOnce(host, {
      root,
      meanwhile: () => chmodSync(join(root, 'big.bin'), 0o600),
    });
    expect(errors).toEqual([]);
  });
}

function describeClones(host: AssetHost): void {
  describeOn(['btrfs'], 'on btrfs', () => {
    let mounted: MountedFilesystem;
    beforeAll(() => {
      mounted = mountFilesystem('btrfs', { sizeMiB: 256 });
    });
    afterAll(() => mounted?.unmount());

    test('it is cloned, by the first build and by the one after a change', async () => {
      const root = writeTree(join(mounted.path, 'project'), {
        'main.js': importing(host, 'big.bin'),
        'node_modules/x/index.js': '',
      });
      for (const _build of [1, 2]) {
        writeFileSync(join(root, 'big.bin'), big());
        const outcome = await buildOnce(host, { root }, { reflink: 'always' });
        expect(outcome.errors).toEqual([]);
        expect(outcome.report).toMatchObject({ methods: { ficlone: { files: 1, bytes: 256 * KIB } } });
        const [file] = filesOf(outcome);
        expect(sharesExtents(join(root, 'big.bin'), file!)).toBe(true);
      }
    });
  });
}
