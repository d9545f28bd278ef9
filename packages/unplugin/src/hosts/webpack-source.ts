import fs from 'node:fs';
import type { Compiler, sources } from 'webpack';

type Source = sources.Source;

/** What a file looks like without being read: it changes whenever the file does. */
export interface FileState {
  size: number;
  identity: string;
}

export function stateOf(file: string): FileState {
  const { dev, ino, size, mtimeNs, ctimeNs } = fs.statSync(file, { bigint: true });
  return { size: Number(size), identity: `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}` };
}

/**
 * The content of an asset that is read when somebody asks for it, and kept by nobody. Made for the webpack at hand,
 * whose plugins may look for its own classes.
 */
export function fileSource({ webpack }: Compiler, file: string, { size, identity }: FileState): Source {
  return new (class FileSource extends webpack.sources.Source {
    override source(): Buffer {
      return this.buffer();
    }

    override buffer(): Buffer {
      return fs.readFileSync(file);
    }

    override size(): number {
      return size;
    }

    override map(): null {
      return null;
    }

    // For caches, which want to know whether it is the same, not what it is.
    override updateHash(hash: Parameters<Source['updateHash']>[0]): void {
      hash.update(`unplugin-reflink ${file} ${identity}`);
    }
  })();
}

/** Sources of earlier builds, so that an unchanged file is the same to webpack, which then does nothing. */
export class FileSources {
  readonly #compiler: Compiler;
  #known = new Map<string, { identity: string; source: Source }>();
  #used = new Map<string, { identity: string; source: Source }>();

  constructor(compiler: Compiler) {
    this.#compiler = compiler;
  }

  get(file: string, state: FileState): Source {
    const before = this.#known.get(file);
    const { identity } = state;
    const source = before?.identity === identity ? before.source : fileSource(this.#compiler, file, state);
    this.#used.set(file, { identity, source });
    return source;
  }

  /** Forgets files that were not asked for since this was last called. */
  sweep(): void {
    this.#known = this.#used;
    this.#used = new Map();
  }
}
