import type { CopyError } from '../errors.ts';
import type { Directory, System } from '../platform/system.ts';
import { discard } from './identity.ts';
import { temporaryName } from './temporary.ts';

/** Bytes per write. In between, other work of the thread can run. */
const PART = 1024 * 1024;

/** A new file under a temporary name, so that its final name never holds an incomplete file. */
export class StagedFile {
  readonly name: string = temporaryName();
  readonly #system: System;
  readonly #directory: Directory;
  readonly #fail: (errno: number, syscall: string) => CopyError;
  readonly #fd: number;
  #isClosed = false;
  #isPublished = false;

  /** Creates the file. `fail` makes the error of a failed system call. */
  constructor(
    system: System,
    directory: Directory,
    mode: number,
    fail: (errno: number, syscall: string) => CopyError,
  ) {
    this.#system = system;
    this.#directory = directory;
    this.#fail = fail;
    // No other process uses this name, and a link with this name is not followed.
    this.#fd = this.#done('open', system.create(directory, this.name, mode));
  }

  /** Writes the bytes; yields between parts. */
  *write(bytes: Uint8Array): Generator<void> {
    for (let written = 0; written < bytes.length; ) {
      if (written > 0) yield;
      written += this.#done('write', this.#system.write(this.#fd, bytes.subarray(written, written + PART)));
    }
  }

  /** Calls `set` with the descriptor of the file; it returns 0 or a negative error number. */
  setAttributes(set: (fd: number) => number): void {
    this.#done('fchmod', set(this.#fd));
  }

  /** Waits until the bytes have reached the disk. */
  sync(): void {
    this.#done('fdatasync', this.#system.sync(this.#fd));
  }

  /**
   * Closes the complete file, and gives it its final name by `rename`. Returns the result of `rename`: false if the
   * file is no longer wanted.
   */
  publish(rename: (temporary: string) => boolean): boolean {
    this.#isClosed = true;
    this.#done('close', this.#system.close(this.#fd));
    this.#isPublished = rename(this.name);
    return this.#isPublished;
  }

  /** Closes the file, and deletes it unless it was published. */
  end(): void {
    if (!this.#isClosed) discard(this.#system, this.#directory, this.name, this.#fd);
    else if (!this.#isPublished) this.#system.unlink(this.#directory, this.name);
  }

  #done(syscall: string, result: number): number {
    if (result < 0) throw this.#fail(-result, syscall);
    return result;
  }
}
