import fs from 'node:fs';
import path from 'node:path';
import { Matcher } from 'fs-reflink/list';
import { statsOf, versionOf } from '../targets/stats.ts';
import { escapeGlob } from '../targets/targets.ts';
import { BINARY, MODULES, type ResolvedAssets } from './options.ts';

/** An imported file that the engine copies. */
export interface SelectedFile {
  /** Absolute path, without links in it. */
  file: string;
  size: number;
  state: FileState;
}

/** The state of a file. */
export interface FileState extends Pick<fs.Stats, 'mtimeMs' | 'ctimeMs'> {
  /** Differs if the content of the file may differ. */
  key: string;
}

/** Selects the imported files that the option `assets` names. */
export class AssetSelection {
  /** Undefined without globs: loading the library that matches globs takes longer than the rest of a small build. */
  readonly #include: Matcher[] | undefined;
  readonly #exclude: Matcher[];
  readonly #minSize: number;

  /** `root` is the directory that globs are relative to. */
  constructor({ include, exclude, minSize }: ResolvedAssets, root: string) {
    this.#include = include?.map((glob) => matcherOf(glob, root));
    this.#exclude = exclude.map((glob) => matcherOf(glob, root));
    this.#minSize = minSize;
  }

  /** Whether a file may be selected, judged by its path. */
  matches(file: string): boolean {
    if (MODULES.test(file)) return false;
    const below = belowRoot(file);
    const isMatched = (matcher: Matcher) => matcher.hasFile(below);
    const isIncluded = this.#include?.some(isMatched) ?? BINARY.test(file);
    return isIncluded && !this.#exclude.some(isMatched);
  }

  /** Returns the file if it is selected. `file` is an absolute path. */
  find(file: string): SelectedFile | undefined {
    if (!this.matches(file)) return undefined;
    const found = stateOf(file);
    if (!found || found.size < this.#minSize) return undefined;
    // The size is that of the file that a link leads to. Imported files are never copied as links.
    return { file: fs.realpathSync.native(file), ...found };
  }
}

/** Returns undefined if nothing exists at the path, or if it is not a file. */
export function stateOf(file: string): { size: number; state: FileState } | undefined {
  let stats: fs.Stats | undefined;
  try {
    stats = statsOf(file);
  } catch {
    // Reading the file reports the error.
  }
  if (!stats?.isFile()) return undefined;
  const { size, mtimeMs, ctimeMs } = stats;
  return { size, state: { key: versionOf(stats), mtimeMs, ctimeMs } };
}

/** As in Rollup's plugins, a glob that is not absolute and does not begin with `**` is relative to `root`. */
function matcherOf(glob: string, root: string): Matcher {
  const pattern = glob.startsWith('**') ? glob : absolute(glob, root);
  return new Matcher(path.parse(root).root, pattern.replace(/^\/+/, ''), []);
}

function absolute(glob: string, root: string): string {
  if (path.isAbsolute(glob)) return belowRoot(glob);
  return path.posix.join(escapeGlob(belowRoot(root)), glob);
}

/** A path below the root of its filesystem, with forward slashes. */
function belowRoot(file: string): string {
  const below = file.slice(path.parse(file).root.length);
  return path.sep === '/' ? below : below.replaceAll(path.sep, '/');
}
