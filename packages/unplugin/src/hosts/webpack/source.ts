import fs from 'node:fs';
import type { Compiler, sources } from 'webpack';
import { statsOf } from '../../stats.ts';

type Source = sources.Source;
type FileSource = Source & { readonly file: string };

/** What a file looks like without being read: some of it changes whenever the file does. */
interface FileState {
  dev: number;
  ino: number;
  size: number;
  mtimeMs: number;
  ctimeMs: number;
}

/**
 * The content of an asset that is read when somebody asks for it, and kept by nobody. Made for the webpack at hand,
 * whose plugins may look for its own classes.
 */
function makeFileSource({ webpack }: Compiler): new (file: string, state?: FileState) => FileSource {
  return class extends webpack.sources.Source {
    readonly file: string;
    #state: FileState | undefined;

    constructor(file: string, state?: FileState) {
      super();
      this.file = file;
      this.#state = state;
    }

    override source(): Buffer {
      return this.buffer();
    }

    override buffer(): Buffer {
      return fs.readFileSync(this.file);
    }

    override size(): number {
      return this.#looked.size;
    }

    override map(): null {
      return null;
    }

    // For caches, which want to know whether it is the same, not what it is.
    override updateHash(hash: Parameters<Source['updateHash']>[0]): void {
      const { dev, ino, size, mtimeMs, ctimeMs } = this.#looked;
      hash.update(`unplugin-reflink ${this.file} ${dev} ${ino} ${size} ${mtimeMs} ${ctimeMs}`);
    }

    get #looked(): FileState {
      return (this.#state ??= stateOf(this.file).state);
    }
  };
}

interface Known {
  state: FileState;
  source: FileSource;
  /** What webpack's watcher knew of the file when it was looked at. */
  watched: Watched | undefined;
}

/** What webpack's watcher knows of a file; its types tell less. */
interface Watched {
  safeTime: number;
  timestamp?: number;
}

/** Sources of earlier builds, so that an unchanged file is the same to webpack, which then does nothing. */
export class FileSources {
  readonly #Source: ReturnType<typeof makeFileSource>;
  readonly #compiler: Compiler;
  #known = new Map<string, Known>();
  #used = new Map<string, Known>();

  constructor(compiler: Compiler) {
    this.#compiler = compiler;
    this.#Source = makeFileSource(compiler);
  }

  get(file: string): Source {
    // No build comes after this one that could ask for the same.
    if (!this.#compiler.watchMode) return new this.#Source(file);
    const before = this.#known.get(file);
    const watched = this.#watched(file);
    if (before && isSameTime(before.watched, watched)) {
      this.#used.set(file, before);
      return before.source;
    }
    const { state, isLink } = stateOf(file);
    const source = before && isSame(before.state, state) ? before.source : new this.#Source(file, state);
    // Nobody watches what a link leads to.
    if (!mayChangeUnseen(state, Date.now()))
      this.#used.set(file, { state, source, watched: isLink ? undefined : watched });
    return source;
  }

  /** Forgets files that were not asked for since this was last called. */
  sweep(): void {
    this.#known = this.#used;
    this.#used = new Map();
  }

  #watched(file: string): Watched | undefined {
    const entry = this.#compiler.fileTimestamps?.get(file);
    return typeof entry === 'object' && entry !== null ? (entry as Watched) : undefined;
  }
}

function isSameTime(one: Watched | undefined, other: Watched | undefined): boolean {
  if (one?.timestamp === undefined || other === undefined) return false;
  return one.timestamp === other.timestamp && one.safeTime === other.safeTime;
}

function stateOf(file: string): { state: FileState; isLink: boolean } {
  const link = fs.lstatSync(file);
  const isLink = link.isSymbolicLink();
  const { dev, ino, size, mtimeMs, ctimeMs } = isLink ? fs.statSync(file) : link;
  return { state: { dev, ino, size, mtimeMs, ctimeMs }, isLink };
}

/** By how much the clock of a filesystem may be ahead of that of the process. */
const CLOCKS_DIFFER_MS = 60_000;

/**
 * Times are those of a clock that ticks every few milliseconds, or seconds: what was touched this shortly before it
 * was looked at may change again and look the same.
 */
export function mayChangeUnseen(
  { mtimeMs, ctimeMs }: Pick<FileState, 'mtimeMs' | 'ctimeMs'>,
  lookedAt: number,
): boolean {
  const isCoarse = Number.isInteger(mtimeMs / 1000) && Number.isInteger(ctimeMs / 1000);
  // One that lies ahead was set by somebody; the change time, where the filesystem keeps one, says when.
  const isAhead = ctimeMs > 0 && mtimeMs > Date.now() + CLOCKS_DIFFER_MS;
  const touched = isAhead ? ctimeMs : Math.max(mtimeMs, ctimeMs);
  return lookedAt - touched < (isCoarse ? 2500 : 50);
}

/** Whether a file, or a directory's entries, may have been touched since, or are gone. */
export function mayHaveChanged(file: string, since: number): boolean {
  const stats = statsOf(file);
  return !stats || mayChangeUnseen(stats, since);
}

function isSame(one: FileState, other: FileState): boolean {
  return (
    one.ino === other.ino &&
    one.size === other.size &&
    one.mtimeMs === other.mtimeMs &&
    one.ctimeMs === other.ctimeMs &&
    one.dev === other.dev
  );
}
