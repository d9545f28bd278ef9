import fs from 'node:fs';
import path from 'node:path';
import type { Target } from 'fs-reflink';
import { type ListedFile, listSync } from 'fs-reflink/list';
import type { HostLog } from '../build.ts';
import { collisionMessage, nameTaken } from '../collisions.ts';
import type { ResolvedOptions } from '../options.ts';
import { allowedRoots, type OutputTargets, pathBelow, relativeName } from '../targets.ts';
import { type Contender, contenderOf, winnerOf } from '../winner.ts';

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

/** The files of an output that is not built, by their names in it. Nothing else can be found here. */
export class ServedFiles {
  readonly #targets: OutputTargets;
  readonly #outDir: string;
  readonly #root: string;
  readonly #findsPublicPages: boolean;
  readonly #options: ResolvedOptions;
  readonly #log: HostLog;
  readonly #logged = new Set<string>();
  readonly #files = new Map<string, ServedFile>();
  /** Links kept as links, and where they lead. */
  readonly #links = new Map<string, string>();
  readonly #sources = new Set<string>();
  /** What has each name. */
  readonly #contenders = new Map<string, Contender>();
  /** Warnings about names that are both public and a target's. */
  readonly #overlaps = new Map<string, string>();
  #stale = true;

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

  /** Files came or went: they are looked through before the next answer. */
  invalidate(): void {
    this.#stale = true;
  }

  /** Whether a file is the source of one that is copied, or was when files were last looked through. */
  isCopied(source: string, when: 'now' | 'before'): boolean {
    if (when === 'now') this.#refresh();
    return this.#sources.has(source);
  }

  /** All of them, links that are kept as links left out. */
  all(): ServedFile[] {
    this.#refresh();
    return [...this.#files.values()];
  }

  /** What a server of the built output would answer with for a path, decoded and without its leading slash. */
  find(name: string): ServedFile | undefined {
    this.#refresh();
    if (name === '' || name.endsWith('/')) return this.#page(`${name}index.html`);
    return this.#follow(name) ?? this.#page(`${name}.html`);
  }

  /** While developing Vite finds pages by no other name in public directories, and in the project by itself. */
  #page(name: string): ServedFile | undefined {
    const file = this.#follow(name);
    return this.#findsPublicPages || file?.target ? file : undefined;
  }

  #follow(name: string, followed = 0): ServedFile | undefined {
    const file = this.#files.get(name);
    if (file || this.#links.size === 0 || followed === MAX_LINKS) return file;
    const parts = name.split('/');
    for (let length = 1; length <= parts.length; length++) {
      const link = this.#links.get(parts.slice(0, length).join('/'));
      if (link === undefined) continue;
      const target = path.posix.join(...parts.slice(0, length - 1), link, ...parts.slice(length));
      return path.posix.isAbsolute(link) ? undefined : this.#follow(target, followed + 1);
    }
    return undefined;
  }

  #refresh(): void {
    if (!this.#stale) return;
    this.#stale = false;
    for (const found of [this.#files, this.#links, this.#sources, this.#contenders, this.#overlaps])
      found.clear();
    for (const target of this.#targets.publicTargets) this.#scan(target, undefined);
    for (const target of this.#targets.targets) this.#scan(target, target);
    for (const message of this.#overlaps.values()) this.#logOnce('warn', message);
  }

  /** A target at a time: one that is wrong takes nothing away from the others. */
  #scan(scanned: Target<string>, target: Target<string> | undefined): void {
    const { symlinks, allowMissing } = this.#options.engine;
    const engine = { ...(symlinks && { symlinks }), ...(allowMissing && { allowMissing }) };
    try {
      const { files, warnings } = listSync(scanned, {
        ...engine,
        cwd: this.#outDir,
        allowedRoots: allowedRoots(this.#root, this.#outDir),
      });
      for (const warning of warnings) this.#logOnce('warn', warning);
      for (const file of files) this.#add(file, target);
    } catch (error) {
      this.#logOnce('error', error instanceof Error ? error.message : String(error));
    }
  }

  #add({ source, destination, link }: ListedFile, target: Target<string> | undefined): void {
    const name = relativeName(this.#outDir, destination);
    if (name.startsWith('../') || path.isAbsolute(name)) return;
    const existing = this.#contenders.get(name);
    const now = contenderOf(target);
    const winner = existing ? winnerOf(existing, now) : 'later';
    if (winner === 'error')
      this.#logOnce('error', nameTaken({ source, destination }, existing!.origin).message);
    else if (existing && existing.origin !== now.origin) {
      const kept = winner === 'later' ? now.origin : existing.origin;
      this.#overlaps.set(name, collisionMessage(name, ['public', 'target'], kept));
    }
    if (winner !== 'later') return;
    this.#contenders.set(name, now);
    this.#sources.add(source);
    this.#files.delete(name);
    this.#links.delete(name);
    if (link) this.#links.set(name, fs.readlinkSync(source));
    else {
      const below = pathBelow(target ?? {}, this.#outDir, destination);
      this.#files.set(name, { source, name, below, target });
    }
  }

  #logOnce(level: 'warn' | 'error', message: string): void {
    if (this.#logged.has(message)) return;
    this.#logged.add(message);
    this.#log[level](message);
  }
}
