import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { generateFiles, type Volume } from '../test/support/trees.ts';
import { Agent } from './contenders/children.ts';
import { compileFloor } from './contenders/programs.ts';

export type BenchKind = 'ext4' | 'xfs' | 'btrfs';
export const benchKinds: BenchKind[] = ['ext4', 'xfs', 'btrfs'];

export type VolumeName = 'small' | 'medium' | 'large' | 'site';
const volumes: Record<VolumeName, Volume> = {
  small: { files: 5000, folders: 50, minBytes: 205, maxBytes: 32 * 1024 },
  medium: { files: 400, folders: 10, minBytes: 200_000, maxBytes: 2_000_000 },
  large: { files: 8, folders: 1, minBytes: 200_000_000, maxBytes: 200_000_000 },
  site: { files: 20, folders: 2, minBytes: 10_000, maxBytes: 10_000 },
};
const quickVolumes: Record<VolumeName, Volume> = {
  small: { ...volumes.small, files: 500, folders: 5 },
  medium: { ...volumes.medium, files: 20, folders: 2 },
  large: { ...volumes.large, files: 2, minBytes: 20_000_000, maxBytes: 20_000_000 },
  site: volumes.site,
};

/** One filesystem that is measured on, with the sources and the warm processes, made when first asked for. */
export class Stage {
  readonly kind: BenchKind;
  readonly floor: string;
  readonly scratch: string;
  readonly #home: string;
  readonly #volumes: Record<VolumeName, Volume>;
  readonly #sources = new Map<VolumeName, string>();
  readonly #agents = new Map<string, Promise<Agent>>();

  constructor(kind: BenchKind, path: string, quick: boolean) {
    this.kind = kind;
    this.#home = mkdtempSync(join(path, 'bench-'));
    this.scratch = join(this.#home, 'scratch');
    mkdirSync(this.scratch);
    this.floor = compileFloor(this.#home);
    this.#volumes = quick ? quickVolumes : volumes;
  }

  engine(): Promise<Agent> {
    return this.#agent('workers');
  }

  vite(): Promise<Agent> {
    return this.#agent('plain');
  }

  source(name: VolumeName): string {
    const known = this.#sources.get(name);
    if (known) return known;
    // As a page's public directory, so that a build can be made around any of them.
    const source = join(this.#home, name, 'public');
    generateFiles(source, this.#volumes[name]);
    writePage(dirname(source));
    this.#sources.set(name, source);
    return source;
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

function writePage(root: string): void {
  writeFileSync(join(root, 'index.html'), '<!doctype html><script type="module" src="/main.js"></script>\n');
  writeFileSync(join(root, 'main.js'), "document.body.textContent = 'built';\n");
}
