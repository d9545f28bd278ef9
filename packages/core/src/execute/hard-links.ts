import path from 'node:path';
import type { FileResult } from '../model/batch.ts';
import { FileStatus } from '../platform/status.ts';
import type { Errno, System } from '../platform/system.ts';
import { decide } from '../transfer/decide.ts';
import { put } from '../transfer/nodes.ts';
import { type DirectoryPair, mayReplace, type PairedFile } from '../transfer/pair.ts';
import { isAlike } from '../transfer/quick-check.ts';
import { UNCHANGED } from '../transfer/transfer.ts';

/** The first copy, on one filesystem, of a source file that may have several hard links. */
interface Copied {
  /** The device of the directory: on overlayfs a file may have another. No name on another one can be linked to it. */
  device: number;
  directory: string;
  name: string;
  identity: string;
}

/** A file that was copied, or that is up to date. */
export interface Copy extends Pick<PairedFile, 'pair' | 'as'> {
  /** Both files' status. */
  source: FileStatus;
  destination: FileStatus;
}

interface Linked {
  /** What happened to the further name. */
  result: FileResult;
  /** The name is a hard link to the first copy, and is recorded as ours. False if `overwrite` keeps what is there. */
  isLinked: boolean;
}

/**
 * Recreates hard links: a file with several names in the source gets the same names in the destination, as with `cp
 * --preserve=links`.
 */
export class HardLinks {
  readonly #system: System;
  /** By device and inode number of the source file: one for each filesystem that it was copied to. */
  readonly #copied = new Map<string, Copied[]>();
  /** The status of the name that was last linked, or was already a link. */
  readonly status: FileStatus = new FileStatus();

  constructor(system: System) {
    this.#system = system;
  }

  /**
   * Links another name of a file that was already copied. Returns undefined if the file must be copied instead, or a
   * negative error number if it must be because the system refused the link.
   */
  link(file: PairedFile, source: FileStatus): Linked | Errno | undefined {
    const copied = this.#copyOf(source, file.pair);
    if (!copied) return undefined;
    const system = this.#system;
    const { pair } = file;
    const query = { source, destination: this.status, ...file };
    let decision = decide(system, query);
    if (decision === 'keep') {
      const isSame = this.status.identity === copied.identity;
      if (isSame || !mayReplace(file) || !isAlike(source, this.status))
        return { result: UNCHANGED, isLinked: false };
      // It is the same file, and only not linked yet.
      decision = 'replace';
    }
    if (decision === 'replace' && this.status.identity === copied.identity)
      return { result: UNCHANGED, isLinked: true };
    let isCopy = false;
    const made = put(system, query, decision, {
      make: (under) => system.link(path.join(copied.directory, copied.name), pair.destination, under),
      // Another process may have replaced the copy with another file.
      finish: (under) => {
        const isFound = system.status(pair.destination, under, false, this.status) >= 0;
        isCopy = isFound && this.status.identity === copied.identity;
        return isCopy;
      },
    });
    if (typeof made === 'number') return made;
    if (!isCopy) return undefined;
    if (made !== 'made') return { result: UNCHANGED, isLinked: false };
    return { result: { action: 'copied', method: 'hard_link', bytes: 0 }, isLinked: true };
  }

  /** Whether the file was copied before under another name, so that a further name can be linked. */
  readonly hasCopy = (source: FileStatus): boolean => this.#copied.has(source.identity);

  /** Whether the file was copied before under another name, and `destination` is not a link to that copy. */
  isSplit(source: FileStatus, destination: FileStatus, pair: DirectoryPair): boolean {
    const copied = this.#copyOf(source, pair);
    return copied !== undefined && copied.identity !== destination.identity;
  }

  /** Remembers a file under its first name. */
  add({ pair, as, source, destination }: Copy): void {
    if (this.#copyOf(source, pair)) return;
    const { device, destination: directory } = pair;
    const copied = { device, directory: directory.path, name: as, identity: destination.identity };
    const others = this.#copied.get(source.identity);
    if (others) others.push(copied);
    else this.#copied.set(source.identity, [copied]);
  }

  #copyOf(source: FileStatus, { device }: DirectoryPair): Copied | undefined {
    if (!source.mayHaveLinks) return undefined;
    return this.#copied.get(source.identity)?.find((copied) => copied.device === device);
  }
}
