import { type CopyErrorDetails, systemError } from '../errors.ts';
import type { Attribute, Method } from '../model/settings.ts';
import { EEXIST } from '../platform/errno.ts';
import { FileStatus } from '../platform/status.ts';
import type { Directory, System } from '../platform/system.ts';
import { isDirectoryError, refuseSpecial } from './decide.ts';
import { closeComplete, discard, looksLikeClone } from './identity.ts';
import type { OpenTransfer } from './ladder.ts';
import { creationMode, type Preserved } from './metadata.ts';
import { type BothPaths, type DirectoryPair, type PairedFile, pathsOf } from './pair.ts';
import { withRefusedName } from './refused-name.ts';
import { temporaryName } from './temporary.ts';

export interface TransferHooks {
  /** Called after each part of a large file. Throws if the copy was aborted. */
  progress(bytes: number, size: number): void;
  /** Called after an attribute of a file could not be set; `errno` is 0 if setting it succeeded without effect. */
  lost(attribute: Attribute, errno: number, destination: string): void;
  /** Called after a FIFO, a device or a socket that cannot be created. */
  leftOut(why: CopyErrorDetails): void;
  /** Whether {@link Transferrer.destination} has to identify the file afterwards, because it is recorded. */
  readonly recorded: boolean;
}

/**
 * The file that a thread is copying: both descriptors, and what to undo if the copy fails. There is one object for
 * all files of a copy, with its functions bound once, because files are many and mostly small.
 */
export class CurrentFile implements OpenTransfer {
  readonly status: FileStatus = new FileStatus();
  source = -1;
  destination = -1;
  /** The name that the destination is written under: the final one, or a temporary one. */
  destinationName = '';
  moved = 0;
  isDue: (() => boolean) | undefined;
  /** The destination is written under a temporary name. */
  hidden = false;
  /** The file {@link destinationName} was created by this try, and is deleted if the try ends before it is complete. */
  isIncomplete = false;
  #file: PairedFile | undefined;
  readonly #inTheWay = new FileStatus();
  readonly #system: System;
  readonly #preserved: Preserved;
  readonly #hooks: TransferHooks;

  constructor(system: System, preserved: Preserved, hooks: TransferHooks) {
    this.#system = system;
    this.#preserved = preserved;
    this.#hooks = hooks;
  }

  start(source: number, file: PairedFile, hidden: boolean): this {
    this.source = source;
    this.destination = -1;
    this.destinationName = hidden ? temporaryName() : file.as;
    this.hidden = hidden;
    this.isIncomplete = false;
    this.#file = file;
    return this;
  }

  get pair(): DirectoryPair {
    return this.#file!.pair;
  }

  get sourceName(): string {
    return this.#file!.name;
  }

  get sourceDirectory(): Directory {
    return this.pair.source;
  }

  get destinationDirectory(): Directory {
    return this.pair.destination;
  }

  readonly paths = (): BothPaths => pathsOf(this.#file!);

  readonly progress = (bytes: number): void => {
    if (bytes < this.status.size) this.#hooks.progress(bytes, this.status.size);
  };

  readonly open = (): number => {
    const mode = creationMode(this.#preserved, this.status);
    let result = this.#system.create(this.destinationDirectory, this.destinationName, mode);
    if (result === -EEXIST && this.hide()) {
      result = this.#system.create(this.destinationDirectory, this.destinationName, mode);
    }
    if (result < 0) throw withRefusedName(systemError(-result, { ...this.paths(), syscall: 'open' }));
    this.isIncomplete = true;
    return result;
  };

  /**
   * Another process has created the destination meanwhile: it is replaced like any other existing file. Throws for a
   * directory and for a special file.
   */
  hide(): boolean {
    if (this.hidden) return false;
    const file = this.#file!;
    const { pair, as } = file;
    if (this.#system.status(pair.destination, as, false, this.#inTheWay) >= 0) {
      if (this.#inTheWay.isDirectory) throw isDirectoryError(this.paths());
      refuseSpecial(this.#system, file, this.#inTheWay, false);
    }
    pair.fresh = false;
    this.hidden = true;
    this.destinationName = temporaryName();
    return true;
  }

  discard(): void {
    this.end();
    this.isIncomplete = false;
  }

  /** Opens the destination if a strategy created it. */
  reopen(): void {
    if (this.destination >= 0) return;
    const result = this.#system.openCreated(this.destinationDirectory, this.destinationName);
    if (result < 0) throw systemError(-result, { ...this.paths(), syscall: 'open' });
    this.destination = result;
  }

  /**
   * Closes the complete destination. Throws if the system reports only now that it could not write the bytes; then no
   * incomplete file is left.
   */
  close(method: Method): void {
    const { destination } = this;
    if (destination < 0) return;
    this.destination = -1;
    const closed = closeComplete(this.#system, this.destinationDirectory, this.destinationName, destination);
    if (closed >= 0) return;
    this.isIncomplete = false;
    throw systemError(-closed, { ...this.paths(), method, syscall: 'close' });
  }

  /**
   * Closes the destination, and deletes it if it {@link isIncomplete}. Never deletes the old destination, nor a file
   * that another process has put in its place meanwhile.
   */
  end(): void {
    const { destination, destinationDirectory, destinationName } = this;
    const system = this.#system;
    this.destination = -1;
    if (destination >= 0) {
      if (this.isIncomplete) discard(system, destinationDirectory, destinationName, destination);
      else system.close(destination);
    } else if (this.isIncomplete && this.#isOurClone()) system.unlink(destinationDirectory, destinationName);
  }

  #isOurClone(): boolean {
    // No other process uses a temporary name.
    if (this.hidden) return true;
    const source = { fd: this.source, status: this.status };
    return looksLikeClone(this.#system, this.destinationDirectory, this.destinationName, source);
  }
}
