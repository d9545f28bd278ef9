import fs from 'node:fs';
import path from 'node:path';
import { Matcher } from 'fs-reflink/list';
import { BINARY, MODULES, type ResolvedAssets } from './options.ts';

/** A file that is copied by the engine. */
export interface SelectedFile {
  /** Absolute path, without links in it. */
  file: string;
  size: number;
  state: FileState;
}

/** Differs when the content of a file may differ, and says since when it has been as it is. */
export interface FileState {
  key: string;
  /** When the file was touched last, in any way. In milliseconds. */
  touchedMs: number;
  /** Whether the filesystem keeps whole seconds. */
  isCoarse: boolean;
}

/** Which files the option `assets` names. */
export class AssetSelection {
  /** Undefined without globs: to load what matches those takes longer than the rest of a small build. */
  readonly #include: Matcher[] | undefined;
  readonly #exclude: Matcher[];
  readonly #minSize: number;

  /** `root` is the directory that globs are relative to. */
  constructor({ include, exclude, minSize }: ResolvedAssets, root: string) {
    this.#include = include?.map((glob) => matcherOf(glob, root));
    this.#exclude = exclude.map((glob) => matcherOf(glob, root));
    this.#minSize = minSize;
  }

  /** Whether a file may be one of them, by its path. */
  matches(file: string): boolean {
    if (MODULES.test(file)) return false;
    const below = belowRoot(file);
    const isMatched = (matcher: Matcher) => matcher.hasFile(below);
    const isIncluded = this.#include?.some(isMatched) ?? BINARY.test(file);
    return isIncluded && !this.#exclude.some(isMatched);
  }

  /** The file if it is one of them. `file` is an absolute path. */
  find(file: string): SelectedFile | undefined {
    if (!this.matches(file)) return undefined;
    const found = stateOf(file);
    if (!found || found.size < this.#minSize) return undefined;
    // A link is as large as what it leads to, and never copied as a link.
    return { file: fs.realpathSync.native(file), ...found };
  }
}

/** Undefined where no file is, and for what is no file. */
export function stateOf(file: string): { size: number; state: FileState } | undefined {
  let stats: fs.BigIntStats | undefined;
  try {
    stats = fs.statSync(file, { bigint: true, throwIfNoEntry: false });
  } catch {
    // Whoever reads it reports why it cannot be read.
  }
  if (!stats?.isFile()) return undefined;
  const { dev, ino, size, mtimeNs, ctimeNs } = stats;
  return {
    size: Number(size),
    state: {
      key: `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`,
      touchedMs: Math.max(Number(mtimeNs / 1_000_000n), Number(ctimeNs / 1_000_000n)),
      isCoarse: mtimeNs % 1_000_000_000n === 0n && ctimeNs % 1_000_000_000n === 0n,
    },
  };
}

/** As Rollup's plugins have them: what is no absolute path, and does not begin with `**`, is relative to the project. */
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

function escapeGlob(name: string): string {
  return name.replace(/[\\$^*+?()[\]{}!|@]/g, '\\$&');
}
