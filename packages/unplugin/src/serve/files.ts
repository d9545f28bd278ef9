import fs from 'node:fs';
import path from 'node:path';
import type { Target } from 'fs-reflink';
import { type ListedFile, list } from 'fs-reflink/list';
import type { ResolvedOptions } from '../options/options.ts';
import type { HostLog } from '../output/build.ts';
import { collisionMessage, nameTaken } from '../output/collisions.ts';
import { type Contender, contenderOf, winnerOf } from '../output/winner.ts';
import { allowedRoots, type OutputTargets, pathBelow, relativeName } from '../targets/targets.ts';

/** An output that is served and not built. */
export interface ServedOutput {
  /** Absolute path of the project. */
  root: string;
  /** Absolute path. */
  outDir: string;
  targets: OutputTargets;
  /** Pages of public directories are found by the names of their directories, too, and without their extensions. */
  findsPublicPages?: boolean;
}

/** What a path of the output would lead to, were it built. */
export interface ServedFile {
  /** Absolute path. */
  source: string;
  /** Path below the output, with forward slashes. */
  name: string;
  /** The same below the target's `to`. */
  below: string;
  /** Undefined for a file of a public directory. */
  target: Target<string> | undefined;
}

/** As many links as the kernel follows for one path. */
const MAX_LINKS = 40;

/** What was found when the sources were looked through. */
class Found {
  readonly files = new Map<string, ServedFile>();
  /** Links kept as links, and where they lead. */
  readonly links = new Map<string, string>();
  readonly sources = new Set<string>();
  /** What has each name. */
  readonly contenders = new Map<string, Contender>();
  /** Warnings about names that are both public and a target's. */
  readonly overlaps = new Map<string, string>();
}

/** The files of an output that is not built, by their names in it. Nothing else can be found here. */
export class ServedFiles {
  readonly #targets: OutputTargets;
  readonly #outDir: string;
  readonly #root: string;
  readonly #findsPublicPages: boolean;
  readonly #options: ResolvedOptions;
  readonly #log: HostLog;
  readonly #logged = new Set<string>();
  /** When files were last looked through. */
  #found = new Found();
  #stale = true;
  #looking = Promise.resolve();
  /** Begins when {@link #looking} is over. */
  #next: Promise<void> | undefined;

  constructor(
    { targets, outDir, root, findsPublicPages = false }: ServedOutput,
    options: ResolvedOptions,
    log: HostLog,
  ) {
    this.#findsPublicPages = findsPublicPages;
    this.#targets = targets;
    this.#outDir = outDir;
    this.#root = root;
    this.#options = options;
    this.#log = log;
  }

  /** Files came or went: the next {@link refresh} looks through them. */
  invalidate(): void {
    this.#stale = true;
  }

  /** Resolves when files have been looked through, if some came or went. To be awaited before they are asked for. Never rejects. */
  async refresh(): Promise<void> {
    if (this.#stale)
      this.#next ??= this.#looking.then(() => {
        this.#next = undefined;
        this.#stale = false;
        this.#looking = this.#lookThrough();
        return this.#looking;
      });
    await (this.#next ?? this.#looking);
  }

  /** Whether a file is the source of one that is copied, or was when files were last looked through. */
  isCopied(source: string): boolean {
    return this.#found.sources.has(source);
  }

  /** All of them, links that are kept as links left out. */
  all(): ServedFile[] {
    return [...this.#found.files.values()];
  }

  /** What a server of the built output would answer with for a path, decoded and without its leading slash. */
  find(name: string): ServedFile | undefined {
    if (name === '' || name.endsWith('/')) return this.#page(`${name}index.html`);
    return this.#follow(name) ?? this.#page(`${name}.html`);
  }

  /** While developing Vite finds pages by no other name in public directories, and in the project by itself. */
  #page(name: string): ServedFile | undefined {
    const file = this.#follow(name);
    return this.#findsPublicPages || file?.target ? file : undefined;
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

  async #lookThrough(): Promise<void> {
    const found = new Found();
    for (const target of this.#targets.publicTargets) await this.#scan(found, target, undefined);
    for (const target of this.#targets.targets) await this.#scan(found, target, target);
    for (const message of found.overlaps.values()) this.#logOnce('warn', message);
    this.#found = found;
  }

  /** A target at a time: one that is wrong takes nothing away from the others. */
  async #scan(found: Found, scanned: Target<string>, target: Target<string> | undefined): Promise<void> {
    const { symlinks, allowMissing } = this.#options.engine;
    const engine = { ...(symlinks && { symlinks }), ...(allowMissing && { allowMissing }) };
    try {
      const { files, warnings } = await list(scanned, {
        ...engine,
        cwd: this.#outDir,
        allowedRoots: allowedRoots(this.#root, this.#outDir),
      });
      for (const warning of warnings) this.#logOnce('warn', warning);
      for (const file of files) this.#add(found, file, target);
    } catch (error) {
      this.#logOnce('error', error instanceof Error ? error.message : String(error));
    }
  }

  #add(
    { files, links, sources, contenders, overlaps }: Found,
    { source, destination, link }: ListedFile,
    target: Target<string> | undefined,
  ): void {
    const name = relativeName(this.#outDir, destination);
    if (name.startsWith('../') || path.isAbsolute(name)) return;
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
      const below = pathBelow(target ?? {}, this.#outDir, destination);
      files.set(name, { source, name, below, target });
    }
  }

  #logOnce(level: 'warn' | 'error', message: string): void {
    if (this.#logged.has(message)) return;
    this.#logged.add(message);
    this.#log[level](message);
  }
}
