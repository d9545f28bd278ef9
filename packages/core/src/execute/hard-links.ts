import path from 'node:path';
import { isRecorded, RECORD_WORDS } from '../plan/record.ts';
import { FileStatus, SIGNATURE_WORDS } from '../platform/status.ts';
import type { System } from '../platform/system.ts';
import { decide } from '../transfer/decide.ts';
import { type DirectoryPair, mayReplace, pathsOf } from '../transfer/pair.ts';
import { publish } from '../transfer/publish.ts';
import { temporaryName } from '../transfer/temporary.ts';
import type { Outcome } from '../transfer/transfer.ts';

/** A file and what the manifest is to know of it. */
interface Member {
  records: Uint32Array | undefined;
  file: number;
}

/** The copy of a source file that may have several names. */
interface Copied {
  /** Absolute path. */
  file: string;
  status: FileStatus;
  members: Member[];
}

export interface LinkQuery extends Member {
  pair: DirectoryPair;
  name: string;
  as: string;
  source: FileStatus;
  isOurs: () => boolean;
}

/** What became of a further name. */
export interface Linked extends Outcome {
  /** It leads to the copy of the first. */
  isLinked?: boolean;
}

/** Gives a file that has several names in the source as many in the destination, as `cp --preserve=links` does. */
export class HardLinks {
  readonly #system: System;
  /** By device and inode number of the source. */
  readonly #copied = new Map<string, Copied>();
  /** What stands under the name that was linked, or found linked, last. */
  readonly status: FileStatus = new FileStatus();

  constructor(system: System) {
    this.#system = system;
  }

  /** Another name of a file that was copied before gets a link to that copy. Undefined: the file is to be copied. */
  link({ pair, name, as, source, isOurs, ...member }: LinkQuery): Linked | undefined {
    const copied = source.mayHaveLinks ? this.#copied.get(source.identity) : undefined;
    if (!copied) return undefined;
    const system = this.#system;
    const decision = decide(system, pair, { name, as, source, destination: this.status, isOurs });
    if (decision === 'keep') return { method: undefined, bytes: 0 };
    if (decision === 'replace' && this.status.isSameFile(copied.status)) {
      copied.members.push(member);
      return { method: undefined, bytes: 0, isLinked: true };
    }
    const temporary = decision === 'replace' ? temporaryName() : as;
    // Where no link can be made, one more copy is.
    if (system.link(copied.file, pair.destination, temporary) < 0) return undefined;
    let isPublished = false;
    try {
      const isFound = system.status(pair.destination, temporary, false, this.status) >= 0;
      // Somebody has put another file in the place of the copy.
      if (!isFound || !this.status.isSameFile(copied.status)) return undefined;
      const replace = () => mayReplace(pair) || isOurs();
      isPublished =
        temporary === as ||
        publish(system, pair, temporary, as, replace(), () => pathsOf(pair, name, as)) !== false;
    } finally {
      if (!isPublished) system.unlink(pair.destination, temporary);
    }
    if (!isPublished) return { method: undefined, bytes: 0 };
    pair.unsynced = true;
    copied.members.push(member);
    return { method: 'hard_link', bytes: 0, isLinked: true };
  }

  /** A file is in place, under the first of its names. */
  add({ pair, as, source, ...member }: Omit<LinkQuery, 'name' | 'isOurs'>): void {
    if (!source.mayHaveLinks) return;
    const status = new FileStatus();
    if (this.#system.status(pair.destination, as, false, status) < 0) return;
    const known = this.#copied.get(source.identity);
    if (known) {
      if (known.status.isSameFile(status)) known.members.push(member);
      return;
    }
    const file = path.join(pair.destination.path, as);
    this.#copied.set(source.identity, { file, status, members: [member] });
  }

  /** Each new link changed the file's change time: the manifest gets the state that the file has in the end. */
  finish(): void {
    const status = new FileStatus();
    for (const { file, members } of this.#copied.values()) {
      if (members.length < 2) continue;
      const opened = this.#system.openDirectory(path.dirname(file));
      if (typeof opened === 'number') continue;
      const isFound = this.#system.status(opened, path.basename(file), false, status) >= 0;
      this.#system.closeDirectory(opened);
      if (!isFound) continue;
      for (const { records, file: number } of members)
        if (records && isRecorded(records, number))
          status.sign(records, number * RECORD_WORDS + SIGNATURE_WORDS);
    }
  }
}
