import { linkSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { generateFiles, type Volume } from '../test/support/trees.ts';
import { cesium, placeAssets } from './assets.ts';
import { Agent } from './contenders/children.ts';
import { compileFloor } from './contenders/programs.ts';

export type BenchKind = 'ext4' | 'xfs' | 'btrfs' | 'tmpfs';
export const benchKinds: BenchKind[] = ['ext4', 'xfs', 'btrfs', 'tmpfs'];
export const clones = (kind: BenchKind): boolean => kind === 'xfs' || kind === 'btrfs';

/** After that new files are on the disk: `vm.dirty_expire_centisecs`, and the pause between two looks. */
const AGE_MS = 36_000;

const KIB = 1024;
const files = (count: number): Volume => ({
  files: count,
  folders: Math.ceil(count / 100),
  minBytes: 4 * KIB,
  maxBytes: 4 * KIB,
});
const eighths = (bytes: number): Volume => ({
  files: 8,
  folders: 1,
  minBytes: bytes / 8,
  maxBytes: bytes / 8,
});

const volumes = {
  small: { files: 5000, folders: 50, minBytes: 205, maxBytes: 32 * 1024 },
  medium: { files: 400, folders: 10, minBytes: 200_000, maxBytes: 2_000_000 },
  'four large': { files: 4, folders: 1, minBytes: 200_000_000, maxBytes: 200_000_000 },
  'one file': { files: 1, folders: 1, minBytes: 4 * KIB, maxBytes: 4 * KIB },
  large: { files: 8, folders: 1, minBytes: 200_000_000, maxBytes: 200_000_000 },
  site: { files: 20, folders: 2, minBytes: 10_000, maxBytes: 10_000 },
  modules: { files: 20_000, folders: 2_500, minBytes: 205, maxBytes: 16 * KIB },
  'files-1k': files(1_000),
  'files-10k': files(10_000),
  'files-100k': files(100_000),
  'bytes-100m': eighths(1e8),
  'bytes-1g': eighths(1e9),
  'bytes-10g': eighths(1e10),
} satisfies Record<string, Volume>;

export type VolumeName = keyof typeof volumes | 'assets' | 'assets of an app' | 'imported';

/** What a page imports. */
const imports = (large: number, middle: number): Volume[] => [
  { files: 4, folders: 1, minBytes: large, maxBytes: large, seed: 1 },
  { files: 40, folders: 1, minBytes: middle, maxBytes: middle, seed: 2 },
];

const quickVolumes: typeof volumes = {
  small: { ...volumes.small, files: 500, folders: 5 },
  medium: { ...volumes.medium, files: 20, folders: 2 },
  large: { ...volumes.large, files: 2, minBytes: 20_000_000, maxBytes: 20_000_000 },
  'four large': { ...volumes['four large'], minBytes: 20_000_000, maxBytes: 20_000_000 },
  'one file': volumes['one file'],
  site: volumes.site,
  modules: { ...volumes.modules, files: 400, folders: 50 },
  'files-1k': files(10),
  'files-10k': files(100),
  'files-100k': files(1_000),
  'bytes-100m': eighths(1e6),
  'bytes-1g': eighths(1e7),
  'bytes-10g': eighths(1e8),
};

/** One filesystem that is measured on, with the sources and the warm processes, made when first asked for. */
export class Stage {
  readonly kind: BenchKind;
  readonly floor: string;
  readonly scratch: string;
  readonly #home: string;
  readonly #volumes: typeof volumes;
  readonly #imports: Volume[];
  readonly #sources = new Map<VolumeName, string>();
  readonly #writtenAt = new Map<VolumeName, number>();
  readonly #agents = new Map<string, Promise<Agent>>();

  constructor(kind: BenchKind, path: string, quick: boolean) {
    this.kind = kind;
    this.#home = mkdtempSync(join(path, 'bench-'));
    this.scratch = join(this.#home, 'scratch');
    mkdirSync(this.scratch);
    this.floor = compileFloor(this.#home);
    this.#volumes = quick ? quickVolumes : volumes;
    this.#imports = quick ? imports(2e6, 3e5) : imports(1e8, 1e6);
  }

  engine(): Promise<Agent> {
    return this.#agent('workers');
  }

  vite(): Promise<Agent> {
    return this.#agent('plain');
  }

  async source(name: VolumeName): Promise<string> {
    const known = this.#sources.get(name);
    if (known) return known;
    // As a page's public directory, so that a build can be made around any of them.
    const source = join(this.#home, name, 'public');
    if (name === 'assets' || name === 'assets of an app') await placeAssets(source);
    else if (name === 'imported')
      for (const [part, volume] of this.#imports.entries())
        generateFiles(join(source, `part-${part}`), volume);
    else generateFiles(source, this.#volumes[name]);
    if (name === 'modules') writeLinks(source);
    writePage(dirname(source));
    if (name === 'assets of an app') writeApp(dirname(source));
    if (name === 'imported') writeImports(dirname(source), source);
    this.#sources.set(name, source);
    this.#writtenAt.set(name, Date.now());
    return source;
  }

  /** A source that was not written a moment ago. */
  async aged(name: VolumeName): Promise<string> {
    const source = await this.source(name);
    await setTimeout(Math.max(0, this.#writtenAt.get(name)! + AGE_MS - Date.now()));
    return source;
  }

  /** Makes room: some sources are as large as the disk allows. */
  forget(name: VolumeName): void {
    this.#sources.delete(name);
    rmSync(join(this.#home, name), { recursive: true, force: true });
  }

  async close(): Promise<void> {
    for (const agent of this.#agents.values()) await (await agent).close();
    rmSync(this.#home, { recursive: true, force: true });
  }

  #agent(kind: 'workers' | 'plain'): Promise<Agent> {
    const agent = this.#agents.get(kind) ?? Agent.start(kind);
    this.#agents.set(kind, agent);
    return agent;
  }
}

/** One file in a hundred gets another name, and a symbolic link that leads to it, as in a `node_modules`. */
function writeLinks(source: string): void {
  const files = readdirSync(source, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
  for (const [index, { parentPath, name }] of files.entries()) {
    if (index % 100 > 0) continue;
    linkSync(join(parentPath, name), join(source, `name-${index}`));
    symlinkSync(relative(source, join(parentPath, name)), join(source, `link-${index}`));
  }
}

/** A page of two modules. */
function writePage(root: string): void {
  writeFileSync(join(root, 'index.html'), '<!doctype html><script type="module" src="/main.js"></script>\n');
  writeFileSync(join(root, 'main.js'), "import './marker.js';\ndocument.body.textContent = 'built';\n");
  writeFileSync(join(root, 'marker.js'), 'globalThis.marker = true;\n');
  // Where the plugins keep what they know of the output.
  mkdirSync(join(root, 'node_modules'), { recursive: true });
}

/** Makes the page an app that bundles Cesium, whose static files are in its public directory. */
function writeApp(root: string): void {
  symlinkSync(cesium, join(root, 'node_modules/cesium'));
  const text = "import { Viewer } from 'cesium';\nimport './marker.js';\nnew Viewer('map');\n";
  writeFileSync(join(root, 'main.js'), text);
}

/** Modules that import all files of a directory, as most bundlers have it and as Vite has it. */
function writeImports(root: string, source: string): void {
  const files = readdirSync(source, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
  for (const [name, query] of [
    ['imports.js', ''],
    ['imports.vite.js', '?url'],
  ] as const) {
    const imports = files.map(({ parentPath, name: file }, index) => {
      const path = `./${relative(root, join(parentPath, file))}${query}`;
      return `import file${index} from ${JSON.stringify(path)};\n`;
    });
    const list = files.map((_, index) => `file${index}`).join();
    writeFileSync(join(root, name), `${imports.join('')}globalThis.files = [${list}];\n`);
  }
}
