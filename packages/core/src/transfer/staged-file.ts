import type { CopyError } from '../errors.ts';
import type { Directory, System } from '../platform/system.ts';
import { discard } from './identity.ts';
import { temporaryName } from './temporary.ts';

/** Bytes that are written before everything else on the thread can get a turn. */
const PART = 1024 * 1024;

/** A new file under a temporary name, so that its own name never holds part of it. */
export class StagedFile {
  readonly name: string = temporaryName();
  readonly #system: System;
  readonly #directory: Directory;
  readonly #fail: (errno: number, syscall: string) => CopyError;
  readonly #fd: number;
  #isPublished = false;

  /** Creates it. `fail` makes the error of a system call. */
  constructor(
    system: System,
    directory: Directory,
    mode: number,
    fail: (errno: number, syscall: string) => CopyError,
  ) {
    this.#system = system;
    this.#directory = directory;
    this.#fail = fail;
    // Nobody else has the name, and no link at it is followed.
    this.#fd = this.#done('open', system.create(directory, this.name, mode));
  }

  /** Writes the bytes; yields between parts. */
  *write(bytes: Uint8Array): Generator<void> {
    for (let written = 0; written < bytes.length; ) {
      if (written > 0) yield;
      written += this.#done('write', this.#system.write(this.#fd, bytes.subarray(written, written + PART)));
    }
  }

  /** Sets the permission bits exactly: at creation the process's umask takes some away. */
  setMode(mode: number): void {
    this.#done('fchmod', this.#system.setMode(this.#fd, mode));
  }

  /** Waits until the bytes have reached the disk. */
  sync(): void {
    this.#done('fdatasync', this.#system.sync(this.#fd));
  }

  /** Gives the complete file its own name, by `rename`. False: it is not wanted any more. */
  publish(rename: (temporary: string) => boolean): boolean {
    this.#isPublished = rename(this.name);
    return this.#isPublished;
  }

  /** Closes it, and deletes it unless it was published. */
  end(): void {
    if (this.#isPublished) this.#system.close(this.#fd);
    else discard(this.#system, this.#directory, this.name, this.#fd);
  }

  #done(syscall: string, result: number): number {
    if (result < 0) throw this.#fail(-result, syscall);
    return result;
  }
}
