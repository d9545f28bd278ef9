import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { CopyError } from '../../packages/core/src/errors.ts';
import type { TransferSettings } from '../../packages/core/src/model/settings.ts';
import type { System } from '../../packages/core/src/platform/system.ts';
import { complete } from '../../packages/core/src/transfer/ladder.ts';
import type { DirectoryPair, PairedFile } from '../../packages/core/src/transfer/pair.ts';
import { Transferrer } from '../../packages/core/src/transfer/transfer.ts';
import { DestinationTree, openPair } from '../../packages/core/src/transfer/tree.ts';

/** The outcome of one file: its method, or the code it failed with and the method that failed. */
export interface Copied {
  method?: string | undefined;
  bytes?: number;
  code?: string;
  attempts?: string[];
}

/** A pair of directories whose files are copied by one system, whose calls may fail as a test requires. */
export class SystemBench implements Disposable {
  readonly source: string;
  readonly destination: string;
  /** Attributes that could not be set on copies, each with an error number or 0. */
  readonly lost: [attribute: string, errno: number][] = [];
  readonly #made: string[] = [];
  readonly #system: System;
  readonly #tree: DestinationTree;
  readonly #pair: DirectoryPair;
  readonly #transferrer: Transferrer;

  /** New directories are created in `source` and `destination`; `tree` is used as the source directory itself. */
  constructor(
    system: System,
    settings: Partial<TransferSettings> = {},
    places: { source?: string; destination?: string; tree?: string } = {},
  ) {
    const make = (parent: string, prefix: string) => {
      const made = mkdtempSync(join(parent, prefix));
      this.#made.push(made);
      return made;
    };
    const root = make(os.tmpdir(), 'fs-reflink-bench-');
    this.source = places.tree ?? make(places.source ?? root, 'from-');
    this.destination = make(places.destination ?? root, 'to-');
    this.#system = system;
    const defaults: TransferSettings = {
      reflink: 'auto',
      overwrite: true,
      atomic: false,
      preserve: ['mode', 'timestamps'],
      preserveDirectories: false,
      symlinks: 'follow',
      pageCache: 'use',
      durability: 'none',
    };
    this.#tree = new DestinationTree(this.#system, defaults, { directories: 0 });
    const folder = { source: this.source, root: this.destination, below: '', names: [] };
    this.#pair = openPair(this.#system, this.#tree, folder, settings.overwrite ?? true);
    this.#transferrer = new Transferrer(
      this.#system,
      { ...defaults, ...settings },
      {
        progress: () => {},
        leftOut: () => {},
        lost: (attribute, errno) => this.lost.push([attribute, errno]),
        recorded: true,
      },
    );
  }

  write(name: string, content: string | Uint8Array): void {
    writeFileSync(join(this.source, name), content);
  }

  writeExisting(name: string, content: string | Uint8Array): void {
    writeFileSync(join(this.destination, name), content);
  }

  copy(name: string): Copied {
    try {
      const { method, bytes } = complete(this.#transferrer.fileInSlices(this.#paired(name), false));
      return { method, bytes };
    } catch (error) {
      if (!(error instanceof CopyError)) throw error;
      const attempts = error.attempts.map(({ method, code }) => `${method} ${code}`);
      return { code: error.code, method: error.method, attempts };
    }
  }

  /** Copies a link as a link. Throws the error of the engine. */
  link(name: string): void {
    this.#transferrer.link(this.#paired(name));
  }

  #paired(name: string): PairedFile {
    return { pair: this.#pair, name, as: name, isOurs: () => false };
  }

  /** The names in the destination, temporary ones included. */
  get names(): string[] {
    return readdirSync(this.destination).sort();
  }

  read(name: string): Buffer {
    return readFileSync(join(this.destination, name));
  }

  [Symbol.dispose](): void {
    this.#system.closeDirectory(this.#pair.source);
    this.#tree.close();
    for (const directory of this.#made) {
      rmSync(directory, { recursive: true, force: true });
    }
  }
}
