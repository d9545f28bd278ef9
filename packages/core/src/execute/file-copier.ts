import { CopyError } from '../errors.ts';
import type { FileResult, QueuedBatch } from '../model/batch.ts';
import { nameAs } from '../model/files.ts';
import type { JobSettings } from '../model/job.ts';
import type { Attribute, Method } from '../model/settings.ts';
import { isRacilyClean, isUnchanged, pairedFile } from '../plan/compare.ts';
import { forget, RECORD_WORDS, remember, rememberDestination } from '../plan/record.ts';
import { isDense } from '../platform/posix/read-write.ts';
import { FileStatus } from '../platform/status.ts';
import { ANY_DEVICE, type NewFileOptions, type System } from '../platform/system.ts';
import { addLost, countFiles, noteError, type Tally } from '../report.ts';
import { decide } from '../transfer/decide.ts';
import { complete } from '../transfer/ladder.ts';
import { type DirectoryPair, type PairedFile, pathsOf, replacesTorn } from '../transfer/pair.ts';
import { isAlike } from '../transfer/quick-check.ts';
import { singleMethod } from '../transfer/single-method.ts';
import { Transferrer, UNCHANGED } from '../transfer/transfer.ts';
import { expectFile } from './dry-run.ts';
import { countResult, reportResult } from './finished.ts';
import { type Copy, HardLinks } from './hard-links.ts';
import type { CopyContext } from './job.ts';
import { copyNewFiles, type NewFiles, newFileOptions, nextLinkOf } from './new-files.ts';
import { noteOutcome } from './outcomes.ts';
import { chooseWay, SMALL_FILE } from './way.ts';

/**
 * Linux writes a file's data from memory to the disk before it clones the file. Without a clone, it does so within
 * about half a minute.
 */
const WRITTEN_AFTER_MS = 35_000;

/** How many files are skipped between two looks at the clock. */
const CLOCK_EVERY = 64;

/** No file of the batch is left. */
export const DONE = -1;
/** The deadline has passed. */
export const DEADLINE_PASSED = -2;

/** What a copier needs. */
export interface CopierContext extends CopyContext {
  /** The hard links by preserved attributes: several copiers with the same ones may copy names of one file. */
  hardLinks: Map<string, HardLinks>;
}

/** A batch whose directories are open. */
export interface OpenBatch {
  batch: QueuedBatch;
  pair: DirectoryPair;
  links: ReadonlySet<number>;
  /** Its path, or a name in it, is not UTF-8: the fast path takes no such names. */
  hasRaw: boolean;
  /** The copier of its files. */
  files: FileCopier;
}

/**
 * Copies the files of open batches; counts, records and reports the outcomes. There is one for each thread of a copy,
 * and for each set of attributes.
 */
export class FileCopier {
  readonly tally: Tally;
  readonly #context: CopierContext;
  readonly #job: JobSettings;
  readonly system: System;
  #hasReportedLarge = false;
  /** Total bytes of the files that were copied in slices. */
  #sliced = 0;
  #transferrer: Transferrer;
  /** Copies files only by cloning. */
  #cloner: Transferrer | undefined;
  /** Undefined if no file of this copy may take the fast path. */
  readonly #newFileOptions: NewFileOptions | undefined;
  readonly #source = new FileStatus();
  readonly #destination = new FileStatus();
  readonly #makesDevices: boolean;
  /** The copies of files with several hard links, by which further names are linked. */
  readonly #hardLinks: HardLinks | undefined;
  /** Whether files with several hard links are left to the calling thread. */
  readonly #leavesLinks: boolean;
  /** The paths of the current file, for progress while it is copied. */
  #paths: { source: string; destination: string } | undefined;

  constructor(context: CopierContext) {
    const { job, system, hardLinks } = context;
    this.#context = context;
    this.tally = context.tally;
    this.#job = job;
    this.system = system;
    this.#transferrer = this.#transferrerBy(job.onlyMethod);
    this.#makesDevices = job.transfer.preserve.includes('devices');
    const keepsLinks = job.transfer.preserve.includes('links');
    this.#leavesLinks = keepsLinks && job.leavesLinks === true;
    if (keepsLinks && !this.#leavesLinks) {
      const key = [...job.transfer.preserve].sort().join();
      this.#hardLinks = hardLinks.get(key) ?? new HardLinks(system);
      hardLinks.set(key, this.#hardLinks);
    }
    const hasCopy = this.#leavesLinks ? () => true : this.#hardLinks?.hasCopy;
    this.#newFileOptions = newFileOptions(job, system, hasCopy);
  }

  /**
   * Copies files as long as the fast path can, or skips those that `overwrite` keeps. Returns the first file that
   * {@link copy} has to copy, or {@link DONE}, or {@link DEADLINE_PASSED} after the deadline has passed.
   */
  copyNew(open: OpenBatch, limit: number, deadline: number): number {
    const { batch, links, pair } = open;
    const { queue } = this.#context;
    const files = this.#newFiles(open, limit, deadline);
    if (!files) return this.#skipKept(open, deadline);
    const isOwn = batch.number < 0;
    try {
      for (;;) {
        const first = queue.nextFile(batch);
        if (first === DONE || links.has(first)) return first;
        // If the batch is not in shared memory, no other thread takes its files.
        const end = isOwn && files.device !== ANY_DEVICE ? nextLinkOf(batch, first) : first + 1;
        const stopped = this.#runNew(files, pair, first, end);
        if (isOwn) batch.cursor = files.isOver ? stopped : Math.min(stopped + 1, end);
        if (files.isOver) return DEADLINE_PASSED;
        if (stopped < end) return stopped;
      }
    } finally {
      this.#countNew(files);
    }
  }

  /** Copies a small file with the fast path if it can, otherwise like {@link copy}. */
  copyOne(open: OpenBatch, file: number): void {
    const files = open.links.has(file)
      ? undefined
      : this.#newFiles(open, SMALL_FILE, Number.POSITIVE_INFINITY);
    const isCopied = files !== undefined && this.#runNew(files, open.pair, file, file + 1) > file;
    if (files) this.#countNew(files);
    if (!isCopied) this.copy(open, file);
  }

  #runNew(files: NewFiles, pair: DirectoryPair, first: number, end: number): number {
    const isUnknown = files.device === ANY_DEVICE;
    const stopped = copyNewFiles(files, first, end);
    // The first file of a copy shows whether these devices can clone.
    if (isUnknown && stopped === end) this.#learn(files, pair);
    return stopped;
  }

  #countNew({ clones, clonedBytes, copies, copiedBytes }: NewFiles): void {
    if (clones > 0) countFiles(this.tally, this.system.methods.clone, clones, clonedBytes);
    if (copies > 0) countFiles(this.tally, 'read_write', copies, copiedBytes);
  }

  /** Returns undefined if the fast path cannot be used for the batch. */
  #newFiles({ pair, batch, hasRaw }: OpenBatch, limit: number, deadline: number): NewFiles | undefined {
    const options = pair.fresh && replacesTorn(pair) && !hasRaw ? this.#newFileOptions : undefined;
    if (!options) return undefined;
    const known = this.#transferrer.capabilities.last(pair.device);
    const { names, renamed, records } = batch;
    const source = this.#source;
    const destination = this.#destination;
    const isReported = batch.outcomes !== undefined || this.#job.entries || this.#job.progress;
    const lookedAt = records === undefined ? 0 : Date.now();
    const hardLinks = this.#hardLinks;
    const onCopied = (file: number, cloned: boolean): void => {
      if (records !== undefined) note(records, file, source, destination, lookedAt);
      if (hardLinks !== undefined && source.mayHaveLinks)
        hardLinks.add({ pair, as: renamed?.[file] ?? names[file]!, source, destination });
      if (!isReported) return;
      const method = cloned ? this.system.methods.clone! : 'read_write';
      this.#report(pair, batch, file, { action: 'copied', method, bytes: source.size });
    };
    return {
      copyNewFile: this.system.copyNewFile!,
      options,
      from: pair.source,
      to: pair.destination,
      names,
      renamed,
      limit,
      deadline,
      isOver: false,
      device: known?.sourceDevice ?? ANY_DEVICE,
      mayClone: !known?.refused,
      source,
      destination,
      onCopied: records !== undefined || isReported || hardLinks !== undefined ? onCopied : undefined,
      clones: 0,
      clonedBytes: 0,
      copies: 0,
      copiedBytes: 0,
    };
  }

  #learn(files: NewFiles, pair: DirectoryPair): void {
    const state = this.#transferrer.capabilities.pair(files.source, pair.device);
    const clone = { clones: true };
    if (files.clones > 0) state.succeeded(clone);
    else state.failed(clone, 'pair', () => this.system.isLayered(pair.source));
    files.mayClone = !state.refused;
    files.device = state.sourceDevice;
  }

  /**
   * How to copy a file without blocking the thread. `copied` means that it has been cloned already.
   *
   * @param isAlone whether no other thread may take the file
   * @param bytesLeft returns the bytes of the files that are not copied yet
   */
  wayFor(
    open: OpenBatch,
    file: number,
    isAlone: boolean,
    bytesLeft: () => number,
  ): 'copied' | 'whole' | 'slices' | 'worker' {
    if (this.#job.dryRun) return 'whole';
    const { pair, batch } = open;
    const name = batch.names[file]!;
    const status = this.#source;
    const { source } = pair;
    const looked =
      (this.system.quickStatus?.(source, name, status) ?? -1) >= 0 ||
      this.system.status(source, name, true, status) >= 0;
    // If stat fails, opening the file reports the error.
    if (!looked) return 'whole';
    const { transfer, onlyMethod: only } = this.#job;
    const { size } = status;
    const mayShare = transfer.reflink !== 'never' && only === undefined;
    const way = chooseWay({
      size,
      mayClone: mayShare && !this.#transferrer.capabilities.last(pair.device)?.refused,
      isWritten: () =>
        Date.now() - status.touchedMs > WRITTEN_AFTER_MS || this.system.isWrittenOut?.(source, name) === true,
      isAlone,
      maySlice: mayShare && this.system.pauses === true && isDense(status),
      sliced: this.#sliced,
      bytesLeft,
    });
    if (typeof way === 'object' && this.#clone(open, file)) return 'copied';
    const other = typeof way === 'object' ? way.otherwise : way;
    if (other === 'slices') this.#sliced += size;
    return other;
  }

  /** Clones a file. Returns false if that failed: then nothing has changed, and the usual copy reports the error. */
  #clone(open: OpenBatch, file: number): boolean {
    const { batch } = open;
    const known = batch.records?.slice(file * RECORD_WORDS, (file + 1) * RECORD_WORDS);
    const usual = this.#transferrer;
    this.#transferrer = this.#cloner ??= this.#transferrerBy(this.system.methods.clone);
    try {
      complete(this.#copySteps(open, file));
      return true;
    } catch {
      if (known) batch.records!.set(known, file * RECORD_WORDS);
      return false;
    } finally {
      this.#transferrer = usual;
    }
  }

  #transferrerBy(only: Method | undefined): Transferrer {
    const system = only === undefined ? this.system : singleMethod(this.system, only);
    return new Transferrer(system, this.#job.transfer, {
      progress: (bytes, size) => this.#part(bytes, size),
      lost: (attribute, errno, first) => this.#noteLost(attribute, errno, first),
      leftOut: (why) => void this.tally.leftOut.push(why),
      recorded: this.#job.recorded,
    });
  }

  #noteLost(attribute: Attribute, errno: number, first: string): void {
    addLost(this.tally.lost, attribute, { count: 1, first, errno });
  }

  /** Copies any file. Its error is collected, or thrown and ends the copy. */
  copy(open: OpenBatch, file: number): void {
    complete(this.copyInSlices(open, file));
  }

  /**
   * Like {@link copy}, but yields while bytes are copied if `isDue` returns true. Do not copy another file until it
   * ends.
   */
  *copyInSlices(open: OpenBatch, file: number, isDue?: () => boolean): Generator<void> {
    try {
      yield* this.#copySteps(open, file, isDue);
    } catch (error) {
      noteError(this.tally, this.#job, error);
    }
  }

  *#copySteps({ pair, batch, links }: OpenBatch, position: number, isDue?: () => boolean): Generator<void> {
    const system = this.system;
    const { symlinks = this.#job.transfer.symlinks } = batch;
    const file = pairedFile(system, pair, batch, position, this.#context.changed);
    const { name } = file;
    const link = links.has(position);
    const follow = link && symlinks === 'follow';
    const isSpecial = link && this.#makesDevices && this.#transferrer.isSpecial(file, follow);
    const keep = isSpecial || (link && symlinks === 'keep');
    const hardLinks = keep && !isSpecial ? undefined : this.#hardLinks;
    if (this.#leavesLinks && this.#hasLinks(file, !keep || isSpecial, follow))
      return void this.tally.left.push([batch.number, position]);
    if (
      isUnchanged(system, file, follow, batch.records, position) &&
      !(hardLinks && this.#isSplit(file, follow, hardLinks))
    ) {
      if (hardLinks) this.#addCopy({ source: this.#source, ...file }, true);
      this.#count(pair, batch, position, UNCHANGED);
      return;
    }
    const wasOurs = keep && file.isOurs();
    if (this.#job.progress) this.#paths = pathsOf(file);
    const lookedAt = Date.now();
    const isFile =
      hardLinks &&
      system.status(pair.source, name, follow, this.#source) >= 0 &&
      (this.#source.isRegular || isSpecial);
    const linked = isFile ? hardLinks.link(file, this.#source) : undefined;
    if (typeof linked === 'object') {
      if (batch.records && linked.isLinked) {
        note(batch.records, position, this.#source, hardLinks!.status, lookedAt);
        this.#context.changed.add(batch.records, position);
      }
      this.#count(pair, batch, position, linked.result);
      return;
    }
    // If this fails, the old destination is unchanged, and its record stays.
    const isKept = !link && this.#isKept({ source: this.#source, destination: this.#destination, ...file });
    const { source, destination } = this.#transferrer;
    // A system that makes no special files leaves them out, in a dry run too.
    const isExpected = system.expected && (!isSpecial || system.specialFiles);
    const result = isKept
      ? UNCHANGED
      : isExpected
        ? expectFile(system, { source, destination, ...file }, follow, keep && !isSpecial)
        : isSpecial
          ? this.#transferrer.special(file)
          : keep
            ? this.#transferrer.link(file)
            : yield* this.#transferrer.fileInSlices(file, follow, isDue);
    if (!result) return;
    // Read only now: while the file was copied in slices, the batch may have moved to shared memory.
    const { records } = batch;
    // An earlier run created the link, and it is up to date: keep its record.
    if (records) {
      if (result.action !== 'unchanged' || wasOurs) note(records, position, source, destination, lookedAt);
      else forget(records, position);
    }
    const copied = result.action !== 'unchanged';
    // Reported only now, because after some errors this method is called again for the same file.
    if (typeof linked === 'number') this.#noteLost('links', -linked, pathsOf(file).destination);
    if (hardLinks) this.#addCopy({ source: isKept ? this.#source : source, ...file }, copied);
    this.#count(pair, batch, position, result);
  }

  /**
   * Skips and counts files whose destination `overwrite` keeps. Like the loop of new files, it is short so that it is
   * optimized early.
   */
  #skipKept({ batch, links, pair }: OpenBatch, deadline: number): number {
    const { queue } = this.#context;
    const isPlain = !pair.fresh && pair.overwrite !== true && this.#isUnrecorded(batch);
    // One object for all files, because creating one for each takes time.
    const [source, destination] = [this.#source, this.#destination];
    const query = { pair, name: '', as: '', isOurs: () => false, source, destination };
    for (let skipped = 1; ; skipped++) {
      const file = queue.nextFile(batch);
      if (!isPlain || file === DONE || links.has(file)) return file;
      try {
        query.name = batch.names[file]!;
        query.as = batch.renamed?.[file] ?? query.name;
        if (!this.#isKept(query)) return file;
      } catch {
        // The usual copy reports the error.
        return file;
      }
      this.tally.unchanged++;
      if (skipped % CLOCK_EVERY === 0 && performance.now() >= deadline) return DEADLINE_PASSED;
    }
  }

  /** Whether the outcomes of a batch's files are neither reported nor recorded. */
  #isUnrecorded({ records, outcomes }: QueuedBatch): boolean {
    const isReported = outcomes !== undefined || this.#job.entries || this.#job.progress;
    return !isReported && records === undefined && this.#hardLinks === undefined && !this.#leavesLinks;
  }

  /** Whether `overwrite` keeps the destination of a file. This needs only stat calls: the file is not opened. */
  #isKept(query: PairedFile & { source: FileStatus; destination: FileStatus }): boolean {
    const { pair, name, source } = query;
    if (pair.fresh || pair.overwrite === true) return false;
    if (this.system.status(pair.source, name, false, source) < 0) return false;
    return source.isRegular && decide(this.system, query) === 'keep';
  }

  /** Whether the source (if it is a file), or what an earlier copy made of it, may have several names. */
  #hasLinks({ pair, name, as }: PairedFile, isFile: boolean, follow: boolean): boolean {
    const system = this.system;
    if (isFile && system.status(pair.source, name, follow, this.#source) >= 0 && this.#source.mayHaveLinks)
      return true;
    if (pair.fresh || system.status(pair.destination, as, false, this.#destination) < 0) return false;
    return !this.#destination.isDirectory && this.#destination.mayHaveLinks;
  }

  /**
   * Whether the destination is not a link to the copy of another name of the source. Sets `#source` to the status of
   * the source.
   */
  #isSplit({ pair, name, as }: PairedFile, follow: boolean, hardLinks: HardLinks): boolean {
    const system = this.system;
    if (system.status(pair.source, name, follow, this.#source) < 0) return true;
    if (system.status(pair.destination, as, false, this.#destination) < 0) return true;
    return hardLinks.isSplit(this.#source, this.#destination, pair);
  }

  /**
   * Remembers the destination of a file that may have more names in the source. What `overwrite` keeps (`isCopy` is
   * false) may be another file: names are linked to it only if it looks like a copy.
   */
  #addCopy(copy: Omit<Copy, 'destination'>, isCopy: boolean): void {
    const destination = this.#destination;
    const { pair, as, source } = copy;
    if (!source.mayHaveLinks || this.system.status(pair.destination, as, false, destination) < 0) return;
    if (isCopy || isAlike(source, destination) || source.isSameSpecial(destination))
      this.#hardLinks!.add({ destination, ...copy });
  }

  #count(pair: DirectoryPair, batch: QueuedBatch, file: number, happened: FileResult): void {
    const { action, bytes } = happened;
    // Only a copy shows which method works.
    const result = this.#job.dryRun ? { action, bytes } : happened;
    countResult(this.tally, result);
    this.#report(pair, batch, file, result);
  }

  #report(pair: DirectoryPair, batch: QueuedBatch, file: number, result: FileResult): void {
    if (batch.outcomes) noteOutcome(batch.outcomes, file, result);
    const paths = () => pathsOf({ pair, name: batch.names[file]!, as: nameAs(batch, file) });
    reportResult(result, paths, this.#context);
  }

  /** Called after part of a large file has been copied. */
  #part(bytes: number, size: number): void {
    const { queue, hooks } = this.#context;
    if (queue.stopped)
      throw new CopyError({ code: 'ABORT_ERR', reason: 'the copy was ended', ...this.#paths });
    if (bytes >= size) return;
    if (!this.#hasReportedLarge) hooks.large();
    this.#hasReportedLarge = true;
    if (!this.#paths) return;
    hooks.progress({ ...this.#paths, fileBytes: bytes, fileSize: size, done: false });
  }
}

function note(
  records: Uint32Array,
  file: number,
  source: FileStatus,
  destination: FileStatus,
  lookedAt: number,
): void {
  if (isRacilyClean(source, lookedAt)) rememberDestination(records, file, destination);
  else remember(records, file, source, destination);
}
