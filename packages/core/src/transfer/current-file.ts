import { type CopyErrorDetails, systemError } from '../errors.ts';
import type { Attribute } from '../model/settings.ts';
import { EEXIST } from '../platform/errno.ts';
import { FileStatus } from '../platform/status.ts';
import type { Directory, System } from '../platform/system.ts';
import { refuseSpecial } from './decide.ts';
import { discard, looksLikeClone } from './identity.ts';
import type { OpenTransfer } from './ladder.ts';
import { creationMode, type Preserved } from './metadata.ts';
import { type DirectoryPair, pathsOf } from './pair.ts';
import { temporaryName } from './temporary.ts';

export interface TransferHooks {
  /** After each part of a large file. Throws when the copy was aborted. */
  progress(bytes: number, size: number): void;
  /** After a file that could not be given an attribute; `errno` is 0 where it was set without effect. */
  lost(attribute: Attribute, errno: number, destination: string): void;
  /** After a FIFO, a device or a socket that cannot be made. */
  leftOut(why: CopyErrorDetails): void;
  /** Whether {@link Transferrer.destination} has to tell one file from another afterwards. */
  readonly recorded: boolean;
}

/**
 * The file a thread is at: both descriptors, and what has to be undone if it fails. One object for all files
 * of a copy, with its functions bound once: files are many and mostly small.
 */
export class CurrentFile implements OpenTransfer {
  readonly status: FileStatus = new FileStatus();
  source = -1;
  destination = -1;
  sourceName = '';
  /** The name it is written under: its own, or a temporary one. */
  destinationName = '';
  moved = 0;
  isDue: (() => boolean) | undefined;
  /** It is written under a temporary name. */
  hidden = false;
  /** A file under {@link destinationName} is this try's, and goes if the try fails. */
  #created = false;
  #pair: DirectoryPair | undefined;
  #as = '';
  readonly #inTheWay = new FileStatus();
  readonly #system: System;
  readonly #preserved: Preserved;
  readonly #hooks: TransferHooks;

  constructor(system: System, preserved: Preserved, hooks: TransferHooks) {
    this.#system = system;
    this.#preserved = preserved;
    this.#hooks = hooks;
  }

  begin(source: number, pair: DirectoryPair, name: string, as: string, hidden: boolean): this {
    this.source = source;
    this.destination = -1;
    this.sourceName = name;
    this.destinationName = hidden ? temporaryName() : as;
    this.hidden = hidden;
    this.#created = false;
    this.#pair = pair;
    this.#as = as;
    return this;
  }

  get pair(): DirectoryPair {
    return this.#pair!;
  }

  get sourceDirectory(): Directory {
    return this.pair.source;
  }

  get destinationDirectory(): Directory {
    return this.pair.destination;
  }

  readonly paths = (): { source: string; destination: string } =>
    pathsOf(this.pair, this.sourceName, this.#as);

  readonly progress = (bytes: number): void => {
    if (bytes < this.status.size) this.#hooks.progress(bytes, this.status.size);
  };

  readonly open = (): number => {
    const mode = creationMode(this.#preserved, this.status);
    let result = this.#system.create(this.destinationDirectory, this.destinationName, mode);
    if (result === -EEXIST && this.hide()) {
      result = this.#system.create(this.destinationDirectory, this.destinationName, mode);
    }
    if (result < 0) throw systemError(-result, { ...this.paths(), syscall: 'open' });
    this.#created = true;
    return result;
  };

  /** Made by someone else since we looked: it is replaced like any other that exists. Throws for a special file. */
  hide(): boolean {
    if (this.hidden) return false;
    const { pair } = this;
    if (this.#system.status(pair.destination, this.#as, false, this.#inTheWay) >= 0)
      refuseSpecial(this.#system, pair, this.sourceName, this.#as, this.#inTheWay, false);
    pair.fresh = false;
    this.hidden = true;
    this.destinationName = temporaryName();
    return true;
  }

  discard(): void {
    this.end();
    this.destination = -1;
    this.#created = false;
  }

  /** A strategy made the destination: from now on it is this try's. */
  created(): void {
    this.#created = true;
  }

  /** Opens the destination where a strategy made it. */
  reopen(): void {
    if (this.destination >= 0) return;
    const result = this.#system.openCreated(this.destinationDirectory, this.destinationName);
    if (result < 0) throw systemError(-result, { ...this.paths(), syscall: 'open' });
    this.destination = result;
  }

  /** It is complete under its final name. */
  keep(): void {
    this.#created = false;
  }

  /**
   * Lets go of the destination, and deletes what a failed try created: never the old destination, nor a file that
   * somebody has put in its place meanwhile.
   */
  end(): void {
    const { destination, destinationDirectory, destinationName } = this;
    const system = this.#system;
    if (destination >= 0) {
      if (this.#created) discard(system, destinationDirectory, destinationName, destination);
      else system.close(destination);
    } else if (this.#created && this.#isOurClone()) system.unlink(destinationDirectory, destinationName);
  }

  #isOurClone(): boolean {
    // Nobody else has the name.
    if (this.hidden) return true;
    const source = { fd: this.source, status: this.status };
    return looksLikeClone(this.#system, this.destinationDirectory, this.destinationName, source);
  }
}
