import fs from 'node:fs';
import path from 'node:path';
import type { Target } from 'fs-reflink';
import { isInside } from 'fs-reflink/host';
import { type ListedFile, list } from 'fs-reflink/list';
import type { ResolvedOptions } from '../options/options.ts';
import { collisionMessage, nameTaken } from '../output/collisions.ts';
import { type HostLog, messageOf } from '../output/log.ts';
import { type Contender, contenderOf, winnerOf } from '../output/winner.ts';
import { allowedRoots, type OutputTargets, pathBelow, relativeName } from '../targets/targets.ts';

/** An output that a development server serves and that is not built. */
export interface ServedOutput {
  /** Absolute path of the project. */
  root: string;
  /** Absolute path. */
  outDir: string;
  targets: OutputTargets;
  /** Whether pages of public directories are also found by the names of their directories and without extensions. */
  findsPublicPages?: boolean;
}

/** The file that a path of the output would lead to if the output were built. */
export interface ServedFile {
  /** Absolute path. */
  source: string;
  /** Path below the output, with forward slashes. */
  name: string;
  /** Path below the target's `to`, with forward slashes. */
  below: string;
  /** Undefined for a file of a public directory. */
  target: Target<string> | undefined;
}

/** The number of links that the kernel follows for one path. */
const MAX_LINKS = 40;

/** The result of a scan of the sources. */
class Found {
  readonly files = new Map<string, ServedFile>();
  /** The targets of links that are kept as links, by the names of the links. */
  readonly links = new Map<string, string>();
  readonly sources = new Set<string>();
  /** What the file of each name comes from. */
  readonly contenders = new Map<string, Contender>();
  /** Warnings about names that both a public directory and a target have, by name. */
  readonly overlaps = new Map<string, string>();
}

/** The files of an output that is not built, by their names in the output. No other files can be found here. */
export class ServedFiles {
  readonly #output: ServedOutput;
  readonly #options: ResolvedOptions;
  readonly #log: HostLog;
  readonly #logged = new Set<string>();
  /** The result of the last scan. */
  #found = new Found();
  #stale = true;
  #scanning = Promise.resolve();
  /** The next scan, which starts when {@link #scanning} ends. */
  #next: Promise<void> | undefined;

  constructor(output: ServedOutput, options: ResolvedOptions, log: HostLog) {
    this.#output = output;
    this.#options = options;
    this.#log = log;
  }

  /** Call this when files were created or deleted. The next {@link refresh} scans the sources again. */
  invalidate(): void {
    this.#stale = true;
  }

  /** Scans the sources if {@link invalidate} was called. Await this before you look for files. Never rejects. */
  async refresh(): Promise<void> {
    if (this.#stale)
      this.#next ??= this.#scanning.then(() => {
        this.#next = undefined;
        this.#stale = false;
        this.#scanning = this.#scanAll();
        return this.#scanning;
      });
    await (this.#next ?? this.#scanning);
  }

  /** Whether a file was the source of a copied file in the last scan. */
  isCopied(source: string): boolean {
    return this.#found.sources.has(source);
  }

  /** All files, without links that are kept as links. */
  all(): ServedFile[] {
    return [...this.#found.files.values()];
  }

  /** The file that a server of the built output would send. `name` is the decoded path without its leading slash. */
  find(name: string): ServedFile | undefined {
    if (name === '' || name.endsWith('/')) return this.#page(`${name}index.html`);
    return this.#follow(name) ?? this.#page(`${name}.html`);
  }

  /** In development, Vite finds pages of public directories only by their full names, and the project's by itself. */
  #page(name: string): ServedFile | undefined {
    const file = this.#follow(name);
    return this.#output.findsPublicPages || file?.target ? file : undefined;
  }

  #follow(name: string, followed = 0): ServedFile | undefined {
    const { files, links } = this.#found;
    const file = files.get(name);
    if (file || links.size === 0 || followed === MAX_LINKS) return file;
    const parts = name.split('/');
    for (let length = 1; length <= parts.length; length++) {
      const link = links.get(parts.slice(0, length).join('/'));
      if (link === undefined) continue;
      const target = path.posix.join(...parts.slice(0, length - 1), link, ...parts.slice(length));
      return path.posix.isAbsolute(link) ? undefined : this.#follow(target, followed + 1);
    }
    return undefined;
  }

  async #scanAll(): Promise<void> {
    const found = new Found();
    const { publicTargets, targets } = this.#output.targets;
    for (const target of publicTargets) await this.#scan(found, target, undefined);
    for (const target of targets) await this.#scan(found, target, target);
    for (const message of found.overlaps.values()) this.#logOnce('warn', message);
    this.#found = found;
  }

  /** Scans one target at a time, so that an error in one target has no effect on the others. */
  async #scan(found: Found, scanned: Target<string>, target: Target<string> | undefined): Promise<void> {
    const { root, outDir } = this.#output;
    const { symlinks, allowMissing } = this.#options.engine;
    const engine = { ...(symlinks && { symlinks }), ...(allowMissing && { allowMissing }) };
    try {
      const { files, warnings } = await list(scanned, {
        ...engine,
        cwd: outDir,
        allowedRoots: allowedRoots(root, outDir),
      });
      for (const warning of warnings) this.#logOnce('warn', warning);
      for (const file of files) this.#add(found, file, target);
    } catch (error) {
      this.#logOnce('error', messageOf(error));
    }
  }

  #add(
    { files, links, sources, contenders, overlaps }: Found,
    { source, destination, link }: ListedFile,
    target: Target<string> | undefined,
  ): void {
    const { outDir } = this.#output;
    if (!isInside(outDir, destination)) return;
    const name = relativeName(outDir, destination);
    const existing = contenders.get(name);
    const now = contenderOf(target);
    const winner = existing ? winnerOf(existing, now) : 'later';
    if (winner === 'error')
      this.#logOnce('error', nameTaken({ source, destination }, existing!.origin).message);
    else if (existing && existing.origin !== now.origin) {
      const kept = winner === 'later' ? now.origin : existing.origin;
      overlaps.set(name, collisionMessage(name, ['public', 'target'], kept));
    }
    if (winner !== 'later') return;
    contenders.set(name, now);
    sources.add(source);
    files.delete(name);
    links.delete(name);
    if (link) links.set(name, fs.readlinkSync(source));
    else {
      const below = pathBelow(target ?? {}, outDir, destination);
      files.set(name, { source, name, below, target });
    }
  }

  #logOnce(level: 'warn' | 'error', message: string): void {
    if (this.#logged.has(message)) return;
    this.#logged.add(message);
    this.#log[level](message);
  }
}
