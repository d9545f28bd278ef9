import { CopyError, systemError } from '../errors.ts';
import type { TransferSettings } from '../options.ts';
import { EEXIST, ELOOP, ENOTSUP } from '../platform/errno.ts';
import { FileStatus } from '../platform/status.ts';
import type { System } from '../platform/system.ts';
import type { Method } from '../report.ts';
import { Capabilities } from './capabilities.ts';
import { judgeExisting } from './existing.ts';
import { climb, type Placed } from './ladder.ts';
import { carryAttributes, creationMode, type Preserved, preserved } from './metadata.ts';
import { type DirectoryPair, pathsOf } from './pair.ts';
import { publish } from './publish.ts';
import { sweepTemporaries, temporaryName } from './temporary.ts';

/** What became of one file. */
export interface Outcome {
  /** Undefined: it was left as it was. */
  method: Method | undefined;
  bytes: number;
}

export interface TransferHooks {
  /** After each part of a large file. Throws when the copy was aborted. */
  progress(bytes: number, size: number): void;
}

/** Tries of a file whose source changed while it was copied. */
const TRIES = 2;

/**
 * The frame around the strategies: opens both sides, lets the ladder move the bytes, checks the result,
 * carries attributes over, publishes, and cleans up whatever happens. One per thread and copy.
 */
export class Transferrer {
  /** Status of the last file's source and destination, valid until the next one. */
  readonly source: FileStatus = new FileStatus();
  readonly destination: FileStatus = new FileStatus();
  readonly #after = new FileStatus();
  readonly #capabilities = new Capabilities();
  readonly #keep: Preserved;
  readonly #system: System;
  readonly #settings: TransferSettings;
  readonly #hooks: TransferHooks;

  constructor(system: System, settings: TransferSettings, hooks: TransferHooks) {
    this.#system = system;
    this.#settings = settings;
    this.#hooks = hooks;
    this.#keep = preserved(settings);
    if (this.#keep.extended && system.name === 'portable') {
      throw systemError(ENOTSUP, {
        destination: "preserve: 'xattr' and 'acl' need the native lane",
        syscall: 'fsetxattr',
      });
    }
  }

  /** Places one regular file. Throws a {@link CopyError}; then the old destination is as it was. */
  file(pair: DirectoryPair, name: string, as: string, follow: boolean): Outcome {
    const fd = this.#system.openSource(pair.source, name, follow);
    if (fd < 0) throw this.#openError(-fd, pair, name, as, follow);
    try {
      for (let attempt = 1; ; attempt++) {
        const outcome = this.#attempt(fd, pair, name, as);
        if (outcome) return outcome;
        if (attempt === TRIES) throw this.#changedError(pair, name, as);
        this.#system.rewind(fd);
      }
    } finally {
      this.#system.close(fd);
    }
  }

  /** Places a symbolic link as a link. */
  link(pair: DirectoryPair, name: string, as: string): Outcome {
    const system = this.#system;
    const paths = () => pathsOf(pair, name, as);
    const status = system.status(pair.source, name, false, this.source);
    if (status < 0) throw systemError(-status, { ...paths(), syscall: 'lstat' });
    const target = system.readLink(pair.source, name);
    if (typeof target === 'number') throw systemError(-target, { ...paths(), syscall: 'readlink' });

    const exists = this.#exists(pair, as);
    if (exists) {
      const sameLink = this.destination.isLink && system.readLink(pair.destination, as) === target;
      if (
        judgeExisting(system, this.#settings, pair, name, as, this.source, this.destination) === 'keep' ||
        sameLink
      ) {
        return { method: undefined, bytes: 0 };
      }
    }
    const temporary = exists ? temporaryName() : as;
    const made = system.symlink(pair.destination, temporary, target, this.source);
    if (made < 0) throw systemError(-made, { ...paths(), syscall: 'symlink' });
    if (exists) {
      try {
        publish(system, pair, temporary, as, true, paths);
      } catch (error) {
        system.unlink(pair.destination, temporary);
        throw error;
      }
    }
    system.status(pair.destination, as, false, this.destination);
    return { method: undefined, bytes: -1 };
  }

  /** One try. Undefined: the source changed meanwhile, and nothing was left behind. */
  #attempt(fd: number, pair: DirectoryPair, name: string, as: string): Outcome | undefined {
    const system = this.#system;
    this.#readSource(fd, pair, name, as);
    const exists = this.#exists(pair, as);
    if (
      exists &&
      judgeExisting(system, this.#settings, pair, name, as, this.source, this.destination) === 'keep'
    ) {
      return { method: undefined, bytes: 0 };
    }
    if (!pair.fresh && !pair.swept) {
      pair.swept = true;
      sweepTemporaries(pair.destination.path);
    }
    let hidden = exists || this.#settings.atomic;
    const paths = () => pathsOf(pair, name, as);
    const transfer = this.#transfer(fd, pair, name, hidden ? temporaryName() : as);
    const state = this.#capabilities.pair(this.source, pair.device);
    const query = {
      reflink: this.#settings.reflink,
      bypassCache: this.#settings.cache === 'bypass',
      size: this.source.size,
      cannotClone: state.refused,
    };
    let created = false;
    const create = (): number => {
      const mode = creationMode(this.#keep, this.source);
      let result = system.create(pair.destination, transfer.destinationName, mode);
      if (result === -EEXIST && !hidden) {
        // Made by someone else since we looked: it is replaced like any other that exists.
        pair.fresh = false;
        hidden = true;
        transfer.destinationName = temporaryName();
        result = system.create(pair.destination, transfer.destinationName, mode);
      }
      if (result < 0) throw systemError(-result, { ...paths(), syscall: 'open' });
      created = true;
      return result;
    };
    try {
      const placed = climb(system, transfer, query, state, create, paths);
      created ||= placed.created;
      if (placed.created && transfer.destination < 0)
        transfer.destination = this.#reopen(pair, transfer.destinationName, paths);
      if (!this.#isConsistent(fd, pair, placed)) return undefined;
      if (!this.#arrived(transfer, placed, paths)) return undefined;
      this.#settle(transfer.destination, pair, placed, paths);
      if (hidden) {
        publish(system, pair, transfer.destinationName, as, this.#replaces, paths);
        // Renaming changes what tells this state of the file from the next.
        system.status(pair.destination, as, false, this.destination);
      }
      created = false;
      return { method: placed.method, bytes: placed.bytes };
    } finally {
      if (transfer.destination >= 0) system.close(transfer.destination);
      // Only what this try created: never the old destination.
      if (created) system.unlink(pair.destination, transfer.destinationName);
    }
  }

  #readSource(fd: number, pair: DirectoryPair, name: string, as: string): void {
    const result = this.#system.fileStatus(fd, this.source);
    if (result < 0) throw systemError(-result, { ...pathsOf(pair, name, as), syscall: 'fstat' });
    if (this.source.isRegular) return;
    throw new CopyError({
      code: 'ERR_NOT_REGULAR',
      reason: this.source.isDirectory
        ? 'the source is a directory'
        : 'the source is a FIFO, a socket or a device',
      ...pathsOf(pair, name, as),
    });
  }

  #exists(pair: DirectoryPair, as: string): boolean {
    return !pair.fresh && this.#system.status(pair.destination, as, false, this.destination) >= 0;
  }

  #transfer(source: number, pair: DirectoryPair, sourceName: string, destinationName: string) {
    const { size } = this.source;
    return {
      source,
      destination: -1,
      sourceDirectory: pair.source,
      sourceName,
      destinationDirectory: pair.destination,
      destinationName,
      status: this.source,
      progress: (bytes: number) => this.#hooks.progress(bytes, size),
    };
  }

  #reopen(pair: DirectoryPair, name: string, paths: () => { source: string; destination: string }): number {
    const result = this.#system.openCreated(pair.destination, name);
    if (result < 0) throw systemError(-result, { ...paths(), syscall: 'open' });
    return result;
  }

  /**
   * Whether the bytes are those of one state of the source. A clone is by nature, and its length is checked
   * with the destination's; a copy is when nothing changed while it ran.
   */
  #isConsistent(fd: number, pair: DirectoryPair, placed: Placed): boolean {
    if (placed.cloned) return true;
    if (this.#system.fileStatus(fd, this.#after) < 0) return false;
    if (!this.source.isSameState(this.#after)) return false;
    // Files of /proc and /sys claim sizes they do not have.
    return placed.bytes === this.source.size || this.source.size === 0 || this.#system.isPseudo(pair.source);
  }

  /** Carries attributes over and checks the length that arrived. False: the source changed meanwhile. */
  #arrived(
    transfer: { source: number; destination: number },
    placed: Placed,
    paths: () => { source: string; destination: string },
  ): boolean {
    const carried = carryAttributes(this.#system, this.#keep, transfer, this.source, this.destination);
    if (carried < 0)
      throw systemError(-carried, { ...paths(), method: placed.method, syscall: 'set attributes' });
    if (this.destination.size === placed.bytes) return true;
    const looked = this.#system.fileStatus(transfer.source, this.#after);
    if (looked >= 0 && !this.source.isSameState(this.#after)) return false;
    throw new CopyError({
      code: 'EIO',
      reason: `${placed.bytes} bytes were copied and ${this.destination.size} arrived`,
      method: placed.method,
      ...paths(),
    });
  }

  #settle(
    fd: number,
    pair: DirectoryPair,
    placed: Placed,
    paths: () => { source: string; destination: string },
  ) {
    if (this.#settings.durability === 'none') return;
    pair.unsynced = true;
    const synced = this.#system.sync(fd);
    if (synced < 0) throw systemError(-synced, { ...paths(), method: placed.method, syscall: 'fdatasync' });
  }

  get #replaces(): boolean {
    return this.#settings.overwrite === true || this.#settings.overwrite === 'changed';
  }

  #openError(errno: number, pair: DirectoryPair, name: string, as: string, follow: boolean): CopyError {
    const error = systemError(errno, { ...pathsOf(pair, name, as), syscall: 'open' });
    if (errno !== ELOOP || follow) return error;
    return new CopyError({
      ...error.details,
      reason: 'the source became a symbolic link while it was copied',
    });
  }

  #changedError(pair: DirectoryPair, name: string, as: string): CopyError {
    return new CopyError({
      code: 'ERR_SOURCE_CHANGED',
      reason: 'the source changed while it was copied, twice',
      ...pathsOf(pair, name, as),
    });
  }
}
