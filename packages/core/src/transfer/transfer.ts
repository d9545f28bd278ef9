import { CopyError, systemError } from '../errors.ts';
import type { FileResult } from '../model/batch.ts';
import type { Attribute, TransferSettings } from '../model/settings.ts';
import { ELOOP, ENOTSUP } from '../platform/errno.ts';
import { FileStatus } from '../platform/status.ts';
import type { LadderQuery, System } from '../platform/system.ts';
import { Capabilities } from './capabilities.ts';
import { CurrentFile, type TransferHooks } from './current-file.ts';
import { decide } from './decide.ts';
import { type Copied, climb } from './ladder.ts';
import {
  type Chosen,
  findDefaultMode,
  hasWantedAttributes,
  NOTHING_CHOSEN,
  type OnLost,
  type Preserved,
  preserved,
  setAttributes,
} from './metadata.ts';
import { copyLink, copySpecial } from './nodes.ts';
import { type PairedFile, pathsOf, replacesTorn } from './pair.ts';
import { type InPlace, publish } from './publish.ts';
import { hasSameBytes } from './same-bytes.ts';
import { sweepTemporaries } from './temporary.ts';

/** The result for a file whose existing destination was kept. */
export const UNCHANGED: FileResult = { action: 'unchanged', bytes: 0 };
/** The result for a symbolic link that was created. */
export const LINKED: FileResult = { action: 'linked', bytes: 0 };

/** How many times a file is copied at most, if its source changes during the copy. */
const TRIES = 2;

/**
 * Copies one file after the other on the careful path: opens source and destination, copies the bytes by the ladder
 * of strategies, checks the result, sets the attributes, gives the file its final name, and cleans up after a
 * failure. Each copy has one object per thread.
 */
export class Transferrer {
  /** The status of the last file's source and, if it is recorded, of its destination; valid until the next file. */
  readonly source: FileStatus;
  readonly destination: FileStatus = new FileStatus();
  readonly #after = new FileStatus();
  readonly #file: CurrentFile;
  readonly #query: LadderQuery & { size: number; cannotClone: boolean; source: number };
  readonly capabilities: Capabilities = new Capabilities();
  readonly #keep: Preserved;
  /** The default mode of a new file; undefined until it is needed. */
  #defaultMode: number | undefined;
  readonly #system: System;
  readonly #settings: TransferSettings;
  readonly #hooks: TransferHooks;
  /** Attributes that could not be set on the current file. */
  readonly #lost: [attribute: Attribute, errno: number][] = [];
  readonly #noteLost: OnLost = (attribute, errno) => void this.#lost.push([attribute, errno]);
  /**
   * Undefined if no existing destination may be written into: it would not be a clone, or would be incomplete for a
   * while.
   */
  readonly #inPlace: InPlace | undefined;

  constructor(system: System, settings: TransferSettings, hooks: TransferHooks) {
    this.#system = system;
    this.#settings = settings;
    this.#hooks = hooks;
    this.#keep = preserved(settings);
    this.#file = new CurrentFile(system, this.#keep, hooks);
    this.source = this.#file.status;
    if (settings.reflink !== 'always' && !settings.atomic)
      this.#inPlace = {
        setAttributes: (fd) => void this.#setAttributes(this.#file.source, fd, NOTHING_CHOSEN),
      };
    this.#query = {
      reflink: settings.reflink,
      bypassCache: settings.pageCache === 'bypass',
      size: 0,
      cannotClone: false,
      acl: this.#keep.extended?.acl ?? false,
      source: -1,
    };
    if (this.#keep.extended && !system.hasExtendedAttributes) {
      const why =
        system.name === 'portable'
          ? "only koffi can copy 'xattr' and 'acl', and it is not loaded"
          : `'xattr' and 'acl' cannot be copied on ${system.name}`;
      const reason = `${why}: leave them out of "preserve" (--preserve)`;
      throw new CopyError({ code: 'ENOTSUP', reason, errno: ENOTSUP });
    }
  }

  /**
   * Copies one regular file. Throws a {@link CopyError} on failure; then the old destination is unchanged. Yields if
   * `isDue` returns true while bytes are copied; without `isDue` it never yields. This object must not copy another
   * file until the generator has ended. To end the generator early, call its `return`.
   */
  *fileInSlices(file: PairedFile, follow: boolean, isDue?: () => boolean): Generator<void, FileResult> {
    this.#file.isDue = isDue;
    const fd = this.#system.openSource(file.pair.source, file.name, follow);
    if (fd < 0) throw openError(-fd, file, follow);
    try {
      for (let attempt = 1; ; attempt++) {
        const result = yield* this.#attempt(fd, file);
        if (result) return result;
        if (attempt === TRIES) throw changedError(file);
        this.#system.rewind(fd);
      }
    } finally {
      this.#system.close(fd);
    }
  }

  /** Copies a symbolic link as a link. */
  link(file: PairedFile): FileResult {
    const { source, destination } = this;
    const status = this.#system.status(file.pair.source, file.name, false, source);
    if (status < 0) throw systemError(-status, { ...pathsOf(file), syscall: 'lstat' });
    const query = { source, destination, ...file };
    const made = copyLink(this.#system, query, this.#keep, this.#lostOf(file));
    return made === 'made' ? LINKED : UNCHANGED;
  }

  /** Whether a source is a FIFO, a device or a socket. Does not open it. */
  isSpecial({ pair, name }: PairedFile, follow: boolean): boolean {
    return this.#system.status(pair.source, name, follow, this.source) >= 0 && this.source.isSpecial;
  }

  /**
   * Creates the FIFO, device or socket whose status is {@link source} at the destination. Returns undefined if it
   * cannot be created: then it is left out.
   */
  special(file: PairedFile): FileResult | undefined {
    const { source, destination } = this;
    const query = { source, destination, ...file };
    const made = copySpecial(this.#system, query, this.#keep, this.#lostOf(file));
    if (made === 'made') return { action: 'copied', method: 'mknod', bytes: 0 };
    if (made === 'kept') return UNCHANGED;
    this.#hooks.leftOut(made.leftOut);
    return undefined;
  }

  #lostOf(file: PairedFile): OnLost {
    return (attribute, errno) => this.#hooks.lost(attribute, errno, pathsOf(file).destination);
  }

  /** Tries once. Returns undefined if the source changed meanwhile: then nothing is left behind. */
  *#attempt(fd: number, paired: PairedFile): Generator<void, FileResult | undefined> {
    const system = this.#system;
    this.#readSource(fd, paired);
    const { source, destination } = this;
    const { pair, as } = paired;
    const decision = decide(system, { source, destination, ...paired });
    if (decision === 'keep') return UNCHANGED;
    if (!pair.fresh && !pair.swept) {
      pair.swept = true;
      sweepTemporaries(system, pair.destination);
    }
    this.#lost.length = 0;
    const hidden = decision === 'replace' || this.#settings.atomic || !replacesTorn(pair);
    const file = this.#file.start(fd, paired, hidden);
    const state = this.capabilities.pair(this.source, pair.device);
    this.#query.size = this.source.size;
    this.#query.cannotClone = state.refused;
    this.#query.source = fd;
    try {
      const copied = yield* climb(system, file, this.#query, state, file.paths);
      if (copied.created) file.isIncomplete = true;
      if (!this.#isConsistent(file, copied) || !this.#arrived(file, copied)) return undefined;
      this.#sync(file, copied);
      file.close(copied.method);
      if (file.hidden) {
        const published = publish(system, paired, file.destinationName, this.#inPlace);
        if (!published) return UNCHANGED;
        if (published === 'in place') copied.method = system.name === 'portable' ? 'node_fs' : 'read_write';
      }
      file.isIncomplete = false;
      if (file.hidden && this.#hooks.recorded) {
        // The rename changed the change time, which is part of the recorded state.
        system.status(pair.destination, as, false, this.destination);
      }
      for (const [attribute, errno] of this.#lost)
        this.#hooks.lost(attribute, errno, file.paths().destination);
      return { action: 'copied', method: copied.method, bytes: copied.bytes };
    } finally {
      file.end();
    }
  }

  #readSource(fd: number, file: PairedFile): void {
    const result = this.#system.fileStatus(fd, this.source);
    if (result < 0) throw systemError(-result, { ...pathsOf(file), syscall: 'fstat' });
    if (this.source.isRegular) return;
    throw new CopyError({
      code: 'ERR_NOT_REGULAR',
      reason: this.source.isDirectory
        ? 'the source is a directory'
        : 'the source is a FIFO, a socket or a device',
      ...pathsOf(file),
    });
  }

  /**
   * Whether the copied bytes are one consistent state of the source. A clone's always are, and its length is checked
   * later. A copy's are if the source did not change meanwhile. If only the change time differs (the source got a
   * hard link or another mode, or was written to and its modification time set back), the copy is compared with the
   * source. If the bytes are equal, the copy gets the attributes that the source has now.
   */
  #isConsistent(file: CurrentFile, copied: Copied): boolean {
    if (copied.cloned) return true;
    if (this.#system.fileStatus(file.source, this.#after) < 0) return false;
    const { size } = this.source;
    // Files in /proc and /sys report sizes that they do not have.
    if (copied.bytes !== size && size !== 0 && !this.#system.isPseudo(file.sourceDirectory)) return false;
    if (this.source.isSameState(this.#after)) return true;
    if (!this.source.isSameContent(this.#after)) return false;
    const copy = { directory: file.destinationDirectory, name: file.destinationName };
    const check = () => this.#hooks.progress(copied.bytes, copied.bytes);
    if (!hasSameBytes(this.#system, file.source, copy, copied.bytes, check)) return false;
    this.source.words.set(this.#after.words);
    return true;
  }

  /** Sets the attributes and checks the length of the destination. Returns false if the source changed meanwhile. */
  #arrived(file: CurrentFile, copied: Copied): boolean {
    const { method, bytes, hasAttributes } = copied;
    const isDone =
      hasAttributes &&
      hasWantedAttributes(this.#system, this.#keep, file, this.destination, this.#hooks.recorded);
    if (!isDone) {
      file.reopen();
      const chosen = copied.created ? this.#chosen(file, copied) : NOTHING_CHOSEN;
      const result = this.#setAttributes(file.source, file.destination, chosen);
      if (result < 0) throw systemError(-result, { ...file.paths(), method, syscall: 'set attributes' });
    }
    if (this.destination.size === bytes) return true;
    const looked = this.#system.fileStatus(file.source, this.#after);
    if (looked >= 0 && !this.source.isSameState(this.#after)) return false;
    throw new CopyError({
      code: 'EIO',
      reason: `${bytes} bytes were copied and ${this.destination.size} arrived`,
      method,
      ...file.paths(),
    });
  }

  #setAttributes(source: number, destination: number, chosen: Chosen): number {
    this.#lost.length = 0;
    const fds = { source, destination };
    return setAttributes(
      this.#system,
      this.#keep,
      fds,
      this.source,
      this.destination,
      chosen,
      this.#noteLost,
    );
  }

  #chosen(file: CurrentFile, { method, hasAttributes }: Copied): Chosen {
    if (this.#keep.mode) return { times: hasAttributes, mode: undefined };
    if (this.#defaultMode === undefined) {
      const mode = findDefaultMode(this.#system, file.destinationDirectory, this.#after);
      if (mode < 0) throw systemError(-mode, { ...file.paths(), method, syscall: 'open' });
      this.#defaultMode = mode;
    }
    return { times: hasAttributes, mode: this.#defaultMode };
  }

  #sync(file: CurrentFile, { method }: Copied): void {
    if (this.#settings.durability === 'none') return;
    file.reopen();
    file.pair.unsynced = true;
    const synced = this.#system.sync(file.destination);
    if (synced < 0) throw systemError(-synced, { ...file.paths(), method, syscall: 'fdatasync' });
  }
}

function openError(errno: number, file: PairedFile, follow: boolean): CopyError {
  const error = systemError(errno, { ...pathsOf(file), syscall: 'open' });
  if (errno !== ELOOP || follow) return error;
  return new CopyError({ ...error.details, reason: 'the source became a symbolic link while it was copied' });
}

function changedError(file: PairedFile): CopyError {
  const reason = 'the source changed while it was copied, twice';
  return new CopyError({ code: 'ERR_SOURCE_CHANGED', reason, ...pathsOf(file) });
}
