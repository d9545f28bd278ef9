import fs from 'node:fs';
import type { Compiler, sources } from 'webpack';
import { versionOf } from '../../stats.ts';

/** What webpack's watcher knows of a file; its types tell less. */
export interface Watched {
  safeTime: number;
  timestamp?: number;
}

export interface FileSource extends sources.Source {
  readonly stats: fs.Stats;
  /** What webpack's watcher knew when the file was last looked at; undefined if it does not watch it. */
  watched: Watched | undefined;
}

/**
 * A class for the content of a file: read when somebody asks for it, and kept by nobody. It extends the `Source` of the
 * webpack at hand, whose plugins may look for its own classes.
 */
export function fileSourceClass({ webpack }: Compiler): new (file: string, stats?: fs.Stats) => FileSource {
  return class extends webpack.sources.Source {
    readonly #file: string;
    #stats: fs.Stats | undefined;
    watched: Watched | undefined;

    constructor(file: string, stats?: fs.Stats) {
      super();
      this.#file = file;
      this.#stats = stats;
    }

    get stats(): fs.Stats {
      return (this.#stats ??= fs.statSync(this.#file));
    }

    override source(): Buffer {
      return fs.readFileSync(this.#file);
    }

    override size(): number {
      return this.stats.size;
    }

    // For caches, which want to know whether it is the same, not what it is.
    override updateHash(hash: Parameters<sources.Source['updateHash']>[0]): void {
      hash.update(`unplugin-reflink ${this.#file} ${versionOf(this.stats)}`);
    }
  };
}
