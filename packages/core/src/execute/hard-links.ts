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

/** The first copy of a source file that may have several names. */
interface Copied {
  directory: string;
  name: string;
  identity: string;
  /** Those that the manifest is to know. */
  members: Member[] | undefined;
}

/** A file that is in place. */
export interface Copy extends Member {
  pair: DirectoryPair;
  as: string;
  /** Both files' status. */
  source: FileStatus;
  destination: FileStatus;
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
    if (decision === 'replace' && this.status.identity === copied.identity) {
      addMember(copied, member);
      return { method: undefined, bytes: 0, isLinked: true };
    }
    const temporary = decision === 'replace' ? temporaryName() : as;
    // Where no link can be made, one more copy is.
    if (system.link(path.join(copied.directory, copied.name), pair.destination, temporary) < 0)
      return undefined;
    let isPublished = false;
    try {
      const isFound = system.status(pair.destination, temporary, false, this.status) >= 0;
      // Somebody has put another file in the place of the copy.
      if (!isFound || this.status.identity !== copied.identity) return undefined;
      const replace = () => mayReplace(pair) || isOurs();
      isPublished =
        temporary === as ||
        publish(system, pair, temporary, as, replace(), () => pathsOf(pair, name, as)) !== false;
    } finally {
      if (!isPublished) system.unlink(pair.destination, temporary);
    }
    if (!isPublished) return { method: undefined, bytes: 0 };
    pair.unsynced = true;
    addMember(copied, member);
    return { method: 'hard_link', bytes: 0, isLinked: true };
  }

  /** Whether a further name of a file is to be linked. */
  readonly hasCopy = (source: FileStatus): boolean => this.#copied.has(source.identity);

  /** Notes a file under the first of its names, or under one that leads to the same copy. */
  add({ pair, as, source, destination, records, file }: Copy): void {
    const { identity } = destination;
    let known = this.#copied.get(source.identity);
    if (!known) {
      known = { directory: pair.destination.path, name: as, identity, members: undefined };
      this.#copied.set(source.identity, known);
    }
    if (known.identity === identity) addMember(known, { records, file });
  }

  /** Each new link changed the file's change time: the manifest gets the state that the file has in the end. */
  finish(): void {
    const status = new FileStatus();
    for (const { directory, name, members } of this.#copied.values()) {
      if (!members || members.length < 2) continue;
      const opened = this.#system.openDirectory(directory);
      if (typeof opened === 'number') continue;
      const isFound = this.#system.status(opened, name, false, status) >= 0;
      this.#system.closeDirectory(opened);
      if (!isFound) continue;
      for (const { records, file: number } of members)
        if (isRecorded(records!, number)) status.sign(records!, number * RECORD_WORDS + SIGNATURE_WORDS);
    }
  }
}

function addMember(copied: Copied, member: Member): void {
  if (member.records) (copied.members ??= []).push(member);
}
