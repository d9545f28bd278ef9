import fs from 'node:fs';
import path from 'node:path';
import { asCopyError, CopyError, errorCode, systemError } from '../errors.ts';
import type { Method } from '../model/settings.ts';
import { ENOTSUP } from '../platform/errno.ts';
import { tryOr } from '../platform/path-status.ts';
import { FileStatus } from '../platform/status.ts';
import type { Directory, LadderQuery, Strategy, System, SystemMethods } from '../platform/system.ts';
import { ALIGNMENT } from '../platform/through-buffer.ts';
import { PairState } from './capabilities.ts';
import { discard } from './identity.ts';
import { climb, complete, type OpenTransfer } from './ladder.ts';
import { openDirectory } from './opened-path.ts';
import { temporaryName } from './temporary.ts';

/** The file that a trial copies. */
export interface Original {
  directory: Directory;
  name: string;
  /** How many of its bytes a trial copies, if the strategy can copy a part: a file that was found may be large. */
  size: number;
}

const BLOCK = 512;
const MIB = 1024 * 1024;
/** A file with some bytes of data in its middle and holes around them. Sizes in bytes. */
const SPARSE = { size: 2 * MIB, data: 64 * 1024, at: MIB };
const NOTHING: Directory = { path: '', fd: -1 };

/**
 * Tries strategies between two directories on scratch files, which {@link close} deletes. Trials return the results
 * of strategies: a number of bytes, or a negative error number.
 */
export class Trial {
  readonly #system: System;
  readonly #paths: { source: string; destination: string };
  readonly #scratch: string[] = [];
  #source = NOTHING;
  #destination = NOTHING;

  constructor(system: System, source: string, destination: string) {
    this.#system = system;
    this.#paths = { source, destination };
  }

  /** Opens both directories. Throws a {@link CopyError} if nothing can be tried here. */
  open(): void {
    this.#source = openDirectory(this.#system, this.#paths.source, this.#paths);
    this.#destination = openDirectory(this.#system, this.#paths.destination, this.#paths);
    fs.rmSync(this.#write(this.#paths.destination, 0), { force: true });
  }

  close(): void {
    for (const file of this.#scratch) fs.rmSync(file, { force: true });
    for (const directory of [this.#source, this.#destination]) {
      if (directory !== NOTHING) this.#system.closeDirectory(directory);
    }
  }

  /** Creates a scratch file of `size` bytes. If that fails, returns an existing file, `preferred` if possible. */
  original(preferred: string, size: number): Original {
    const directory = this.#source;
    try {
      return { directory, name: path.basename(this.#write(directory.path, size)), size };
    } catch (error) {
      const found = this.#find(preferred);
      if (found) return { directory, name: found.name, size: Math.min(size, found.size) };
      const { code, errno, syscall } = asCopyError(error, {});
      const reason = 'no file can be created beside the source, and none is there that can be read';
      throw new CopyError({ code, reason, errno, syscall, ...this.#paths, cause: error });
    }
  }

  /** Tries the system's method to clone, to copy inside the kernel, or to copy past the page cache. */
  strategy(kind: keyof SystemMethods, original: Original): number {
    const method = this.#system.methods[kind];
    const strategy = this.#ladder(kind, original.size).find((each) => each.method === method);
    return strategy ? this.#run(original, (transfer) => this.#move(strategy, transfer)) : -ENOTSUP;
  }

  /** The alignment in bytes that direct I/O on a copy of `original` needs. */
  alignment(original: Original): number {
    return this.#run(original, (transfer) => {
      this.#create(transfer);
      const said = [transfer.source, transfer.destination].map((fd) => this.#system.directAlignment(fd));
      return Math.max(...said) > 0 ? Math.max(...said) : ALIGNMENT;
    });
  }

  /**
   * Copies as a copy without options does, with the order of strategies for a file of `size` bytes. Returns the
   * method that copied the file.
   */
  copy(original: Original, size: number): Method {
    const query = { reflink: 'auto', bypassCache: false, size, cannotClone: false, acl: false } as const;
    const pair = new PairState(0, 0);
    return this.#run(original, (transfer) => {
      const asked: LadderQuery = { ...query, source: transfer.source };
      return complete(climb(this.#system, transfer, asked, pair, () => this.#paths)).method;
    });
  }

  /**
   * Copies a sparse file and checks that its holes are kept. If the sparse file cannot be created beside the source,
   * it is created in the destination directory.
   */
  sparse(): number {
    const { size } = SPARSE;
    const original = this.#sparseOriginal();
    const strategy = this.#ladder('none', size).find(({ clones, creates }) => !clones && !creates);
    return this.#run({ ...original, size }, (transfer) => {
      const moved = this.#move(strategy!, transfer);
      if (moved < 0) return moved;
      const copied = new FileStatus();
      const looked = this.#system.fileStatus(transfer.destination, copied);
      if (looked < 0) return looked;
      return hasHole(transfer.status) && hasHole(copied) ? moved : -ENOTSUP;
    });
  }

  #sparseOriginal(): Original {
    const { size, data, at } = SPARSE;
    for (const directory of [this.#source, this.#destination]) {
      try {
        const file = this.#write(directory.path, data, at);
        fs.truncateSync(file, size);
        return { directory, name: path.basename(file), size };
      } catch (error) {
        if (directory === this.#destination) throw asCopyError(error, this.#paths);
      }
    }
    throw new CopyError({ code: errorCode(ENOTSUP), reason: 'nothing to try on', ...this.#paths });
  }

  /** The ladder that contains the system's method of this kind, if the system has one. */
  #ladder(kind: keyof SystemMethods | 'none', size: number): readonly Strategy[] {
    const reflink = kind === 'clone' ? 'always' : kind === 'none' ? 'never' : 'auto';
    const bypassCache = kind === 'direct';
    return this.#system.ladder({ reflink, bypassCache, size, cannotClone: true, acl: false });
  }

  #move(strategy: Strategy, transfer: OpenTransfer): number {
    if (!strategy.creates) this.#create(transfer);
    return strategy.run(transfer);
  }

  /** Calls `use` with the open original and a name for its copy. Deletes the copy afterwards. */
  #run<T>({ directory, name, size }: Original, use: (transfer: OpenTransfer) => T): T {
    const system = this.#system;
    const source = system.openSource(directory, name, true);
    if (source < 0) throw systemError(-source, { ...this.#paths, syscall: 'open' });
    const status = new FileStatus();
    system.fileStatus(source, status);
    status.size = size;
    const transfer: OpenTransfer = {
      source,
      destination: -1,
      sourceDirectory: directory,
      sourceName: name,
      destinationDirectory: this.#destination,
      destinationName: temporaryName(),
      status,
      progress: () => {},
      moved: 0,
      open: () => this.#create(transfer),
      discard: () => this.#discard(transfer),
      hide: () => false,
    };
    try {
      return use(transfer);
    } finally {
      system.close(source);
      // A strategy may have created the copy itself. No other process uses this name.
      if (transfer.destination < 0) system.unlink(this.#destination, transfer.destinationName);
      else this.#discard(transfer);
    }
  }

  #create(transfer: OpenTransfer): number {
    const fd = this.#system.create(this.#destination, transfer.destinationName, 0o600);
    if (fd < 0) throw systemError(-fd, { ...this.#paths, syscall: 'open' });
    transfer.destination = fd;
    return fd;
  }

  #discard(transfer: OpenTransfer): void {
    if (transfer.destination < 0) return;
    discard(this.#system, this.#destination, transfer.destinationName, transfer.destination);
    transfer.destination = -1;
  }

  /** Creates a scratch file: a hole of `position` bytes, then `size` bytes of data. */
  #write(directory: string, size: number, position = 0): string {
    const file = path.join(directory, temporaryName());
    try {
      const fd = fs.openSync(file, 'ax', 0o600);
      this.#scratch.push(file);
      try {
        if (position > 0) fs.ftruncateSync(fd, position);
        fs.writeFileSync(fd, Buffer.alloc(size, 'fs-reflink'));
      } finally {
        fs.closeSync(fd);
      }
    } catch (error) {
      throw asCopyError(error, this.#paths);
    }
    return file;
  }

  /** The preferred file, or the first regular one beside it that can be read and is not empty. */
  #find(preferred: string): { name: string; size: number } | undefined {
    const names = [preferred, ...tryOr([], () => fs.readdirSync(this.#source.path))];
    const status = new FileStatus();
    for (const name of names) {
      if (this.#system.status(this.#source, name, true, status) < 0) continue;
      if (!status.isRegular || status.size === 0) continue;
      const fd = this.#system.openSource(this.#source, name, true);
      if (fd < 0) continue;
      this.#system.close(fd);
      return { name, size: status.size };
    }
    return undefined;
  }
}

function hasHole({ blocks, size }: FileStatus): boolean {
  return blocks * BLOCK < size / 2;
}
