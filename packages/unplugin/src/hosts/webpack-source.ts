import fs from 'node:fs';
import type { Compiler, sources } from 'webpack';

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
      return (this.#state ??= stateOf(this.file));
    }
  };
}

/** Sources of earlier builds, so that an unchanged file is the same to webpack, which then does nothing. */
export class FileSources {
  readonly #Source: ReturnType<typeof makeFileSource>;
  readonly #compiler: Compiler;
  #known = new Map<string, { state: FileState; source: FileSource }>();
  #used = new Map<string, { state: FileState; source: FileSource }>();

  constructor(compiler: Compiler) {
    this.#compiler = compiler;
    this.#Source = makeFileSource(compiler);
  }

  get(file: string): Source {
    // No build comes after this one that could ask for the same.
    if (!this.#compiler.watchMode) return new this.#Source(file);
    const state = stateOf(file);
    const before = this.#known.get(file);
    const source = before && isSame(before.state, state) ? before.source : new this.#Source(file, state);
    this.#used.set(file, { state, source });
    return source;
  }

  /** Forgets files that were not asked for since this was last called. */
  sweep(): void {
    this.#known = this.#used;
    this.#used = new Map();
  }
}

function stateOf(file: string): FileState {
  const { dev, ino, size, mtimeMs, ctimeMs } = fs.statSync(file);
  return { dev, ino, size, mtimeMs, ctimeMs };
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
