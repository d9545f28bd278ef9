import { CopyError } from '../errors.ts';
import { addLost } from '../lost-attributes.ts';
import type { QueuedBatch } from '../model/batch.ts';
import type { JobSettings } from '../model/job.ts';
import { isOurs, isUnchanged, mayChangeUnseen } from '../plan/compare.ts';
import { forget, RECORD_WORDS, remember, rememberPlaced } from '../plan/record.ts';
import { FileStatus } from '../platform/status.ts';
import { ANY_DEVICE, type CopyNewFile, type System } from '../platform/system.ts';
import { countFile, countFiles, emptyTally, type Method, type Tally } from '../report.ts';
import { onlyMethod } from '../transfer/only.ts';
import { type DirectoryPair, mayReplace, pathsOf } from '../transfer/pair.ts';
import { type Outcome, Transferrer } from '../transfer/transfer.ts';
import { closePair, DestinationTree, onlyFileOf, openPair, syncPair } from '../transfer/tree.ts';
import { compareBatch } from './dry-run.ts';
import type { RunHooks } from './job.ts';
import { copyNewFiles, type NewFiles } from './new-files.ts';
import { noteOutcome, resultOf } from './outcomes.ts';
import { type BatchQueue, MADE, SWEPT } from './queue.ts';
import type { SharedQueue } from './shared-queue.ts';

/** Copying this many bytes takes a part of a slice only, also where every byte has to be moved. */
const SMALL_FILE = 256 * 1024;

/** Linux writes what a file has in memory to the disk before it clones it, and by itself after half a minute. */
const WRITTEN_AFTER_MS = 35_000;

/** Where a copier that must not hold its thread stopped. */
export type Stopped =
  /** Nothing is left, for now. */
  | 'empty'
  /** The deadline has passed. */
  | 'deadline'
  /** The next file would hold the thread for long. */
  | 'large';

/** No file is left of a batch. */
const DONE = -1;
/** The deadline has passed. */
const OVER = -2;

type CopierHooks = Pick<RunHooks, 'progress' | 'large'>;

interface OpenBatch {
  batch: QueuedBatch;
  pair: DirectoryPair;
  links: Set<number>;
}

/** Copies the files of batches. One per thread and copy. */
export class BatchCopier {
  readonly tally: Tally = emptyTally();
  readonly #queue: BatchQueue;
  readonly #job: JobSettings;
  readonly #system: System;
  readonly #hooks: CopierHooks;
  #hasToldLarge = false;
  #transferrer: Transferrer;
  /** Copies files by a clone or not at all. */
  #cloner: Transferrer | undefined;
  readonly #tree: DestinationTree;
  readonly #durable: boolean;
  /** Undefined: no file of this copy may take the fast path. */
  readonly #copyNewFile: System['copyNewFile'];
  readonly #source = new FileStatus();
  readonly #destination = new FileStatus();
  /** The batch that {@link copyUntil} is at. */
  #current: OpenBatch | undefined;
  /** The file at hand, for progress within it. */
  #paths: { source: string; destination: string } | undefined;

  constructor(queue: BatchQueue, job: JobSettings, system: System, hooks: CopierHooks) {
    this.#queue = queue;
    this.#job = job;
    this.#system = system;
    this.#hooks = hooks;
    this.#durable = job.transfer.durability === 'full';
    this.#copyNewFile = hasUsualOptions(job) ? system.copyNewFile : undefined;
    this.#tree = new DestinationTree(system, job.transfer, {
      created: (count) => {
        this.tally.directories += count;
      },
    });
    this.#transferrer = this.#transferrerBy(job.only);
  }

  /** Copies until nothing is left, with other threads; waits while the planning thread is at work. */
  copyWithOthers(queue: SharedQueue): void {
    for (let batch = queue.claim(); batch; batch = queue.claim()) this.#copyBatch(batch);
    // No batch is left that nobody has: help with those others are at.
    for (let batch = queue.claimStarted(0); batch; batch = queue.claimStarted(batch.number))
      this.#copyBatch(batch);
  }

  /** Copies what is published and nobody has. */
  copyPublished(): void {
    for (let batch = this.#queue.take(); batch; batch = this.#queue.take()) this.#copyBatch(batch);
  }

  /**
   * Copies what is published and nobody has, until `deadline` (as performance.now()), or a large file unless it `mayHold`
   * the thread.
   */
  copyUntil(deadline: number, { mayHold }: { mayHold: boolean }): Stopped {
    for (;;) {
      if (!this.#current) {
        const batch = this.#queue.take();
        if (!batch) return 'empty';
        if (this.#job.dryRun) {
          this.#copyBatch(batch);
          if (performance.now() >= deadline) return 'deadline';
          continue;
        }
        this.#current = this.#open(batch);
      }
      const stopped = this.#copyOpenUntil(this.#current, deadline, mayHold);
      if (stopped) return stopped;
      this.#closeCurrent();
    }
  }

  #copyOpenUntil(open: OpenBatch, deadline: number, mayHold: boolean): Stopped | undefined {
    const { batch } = open;
    const queue = this.#queue;
    // Of a batch in shared memory another thread may take the file that this one looks at: it looks before it takes.
    const isOwn = batch.number < 0;
    for (;;) {
      const limit = mayHold ? Number.POSITIVE_INFINITY : SMALL_FILE;
      const next = isOwn ? this.#copyNewFiles(open, limit, deadline) : queue.peekFile(batch);
      if (next === OVER) return 'deadline';
      if (next === DONE) return undefined;
      const permission = mayHold ? 'copy' : this.#permissionFor(open, next, isOwn);
      if (permission === 'none' || (permission === 'clone' && !this.#clone(open, next))) {
        if (isOwn) queue.giveBack(batch);
        return 'large';
      }
      if (permission === 'copy') {
        const file = isOwn ? next : queue.nextFile(batch);
        if (file === DONE) return undefined;
        this.#copyFile(open, file);
      }
      if (performance.now() >= deadline) return 'deadline';
    }
  }

  /** What may be done about a file without holding the thread: copy it, copy it if it can be cloned, or nothing. */
  #permissionFor({ pair, batch }: OpenBatch, file: number, isAlone: boolean): 'copy' | 'clone' | 'none' {
    const name = batch.names[file]!;
    const status = this.#source;
    const { source } = pair;
    const looked =
      (this.#system.glance?.(source, name, status) ?? -1) >= 0 ||
      this.#system.status(source, name, true, status) >= 0;
    // If stat fails, opening the file reports the error.
    if (!looked || status.size <= SMALL_FILE) return 'copy';
    const { transfer, only } = this.#job;
    const mayClone = transfer.reflink !== 'never' && only === undefined;
    return mayClone && isAlone && Date.now() - status.touchedMs > WRITTEN_AFTER_MS ? 'clone' : 'none';
  }

  /** Closes what is open. */
  close(): void {
    try {
      this.#closeCurrent();
    } finally {
      this.#tree.close();
    }
  }

  #copyBatch(batch: QueuedBatch): void {
    if (this.#job.dryRun) {
      compareBatch(this.#queue, batch, this.#job, this.#system, this.tally);
      return;
    }
    const open = this.#open(batch);
    try {
      for (;;) {
        const file = this.#copyNewFiles(open, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
        if (file === DONE) break;
        this.#copyFile(open, file);
      }
    } finally {
      this.#close(open);
    }
  }

  #open(batch: QueuedBatch): OpenBatch {
    const overwrite = batch.overwrite ?? this.#job.transfer.overwrite;
    const pair = openPair(this.#system, this.#tree, { ...batch, onlyFile: onlyFileOf(batch), overwrite });
    if (pair.fresh) this.#queue.note(MADE, batch);
    // By another thread, maybe: to look for a file there would wait for those that are being made.
    else pair.fresh = this.#queue.has(MADE, batch);
    pair.swept = this.#queue.has(SWEPT, batch);
    return { batch, pair, links: new Set(batch.links) };
  }

  #close({ batch, pair }: OpenBatch): void {
    try {
      if (pair.swept) this.#queue.note(SWEPT, batch);
      if (this.#durable) syncPair(this.#system, pair);
    } finally {
      closePair(this.#system, pair);
    }
  }

  #closeCurrent(): void {
    const current = this.#current;
    this.#current = undefined;
    if (current) this.#close(current);
  }

  /**
   * Copies files as long as the fast path does. Returns the first one that {@link #copyFile} has to copy, or
   * {@link DONE}, or {@link OVER} once the deadline has passed.
   */
  #copyNewFiles(open: OpenBatch, limit: number, deadline: number): number {
    const { pair, batch, links } = open;
    const queue = this.#queue;
    const copyNewFile = pair.fresh && mayReplace(pair) ? this.#copyNewFile : undefined;
    if (!copyNewFile) return queue.nextFile(batch);
    const files = this.#newFiles(open, copyNewFile, limit, deadline);
    const isOwn = batch.number < 0;
    try {
      for (;;) {
        const first = queue.nextFile(batch);
        if (first === DONE || links.has(first)) return first;
        const isUnknown = files.device === ANY_DEVICE;
        // Of a batch that is not in shared memory, nobody else takes files.
        const end = isOwn && !isUnknown ? nextLinkOf(batch, first) : first + 1;
        const stopped = copyNewFiles(files, first, end);
        if (isOwn) batch.cursor = files.isOver ? stopped : Math.min(stopped + 1, end);
        if (files.isOver) return OVER;
        if (stopped < end) return stopped;
        if (isUnknown) this.#learn(files, pair);
      }
    } finally {
      const { clones, clonedBytes, copies, copiedBytes } = files;
      if (clones > 0) countFiles(this.tally, this.#system.methods.clone, clones, clonedBytes);
      if (copies > 0) countFiles(this.tally, 'read_write', copies, copiedBytes);
    }
  }

  #newFiles({ pair, batch }: OpenBatch, copyNewFile: CopyNewFile, limit: number, deadline: number): NewFiles {
    const { capabilities } = this.#transferrer;
    const known = capabilities.last(pair.device);
    const { names, renamed, records } = batch;
    const source = this.#source;
    const destination = this.#destination;
    const isReported = batch.outcomes !== undefined || this.#job.entries || this.#job.progress;
    const lookedAt = records === undefined ? 0 : Date.now();
    const onCopied = (file: number, cloned: boolean): void => {
      if (records !== undefined) note(records, file, source, destination, lookedAt);
      if (!isReported) return;
      const method = cloned ? this.#system.methods.clone! : 'read_write';
      this.#report(pair, batch, file, { method, bytes: source.size });
    };
    return {
      copyNewFile,
      from: pair.source.fd,
      to: pair.destination.fd,
      names,
      renamed,
      limit,
      deadline,
      isOver: false,
      device: known ? capabilities.lastSource : ANY_DEVICE,
      mayClone: !known?.refused,
      source,
      destination,
      onCopied: records !== undefined || isReported ? onCopied : undefined,
      clones: 0,
      clonedBytes: 0,
      copies: 0,
      copiedBytes: 0,
    };
  }

  /** The first file of a copy tells what can be cloned. */
  #learn(files: NewFiles, pair: DirectoryPair): void {
    const { capabilities } = this.#transferrer;
    const isLayered = () => this.#system.isLayered(pair.source);
    files.mayClone = !capabilities.learn(files.source, pair.device, files.clones > 0, isLayered).refused;
    files.device = capabilities.lastSource;
  }

  /** Copies a file that can be cloned. If it cannot, nothing has happened: whoever copies it reports the error. */
  #clone(open: OpenBatch, file: number): boolean {
    const { pair, batch } = open;
    const { overwrite } = pair;
    const known = batch.records?.slice(file * RECORD_WORDS, (file + 1) * RECORD_WORDS);
    const usual = this.#transferrer;
    this.#transferrer = this.#cloner ??= this.#transferrerBy(this.#system.methods.clone);
    try {
      this.#copyFile(open, file);
      return true;
    } catch {
      if (known) batch.records!.set(known, file * RECORD_WORDS);
      return false;
    } finally {
      this.#transferrer = usual;
      pair.overwrite = overwrite;
      pair.ours = undefined;
    }
  }

  #transferrerBy(only: Method | undefined): Transferrer {
    const system = only === undefined ? this.#system : onlyMethod(this.#system, only);
    return new Transferrer(system, this.#job.transfer, {
      progress: (bytes, size) => this.#part(bytes, size),
      lost: (attribute, errno, first) => addLost(this.tally.lost, attribute, { count: 1, first, errno }),
      recorded: this.#job.recorded,
    });
  }

  #copyFile({ pair, batch, links }: OpenBatch, file: number): void {
    const name = batch.names[file]!;
    const as = batch.renamed?.[file] ?? name;
    const { symlinks } = this.#job.transfer;
    const link = links.has(file);
    const follow = link && symlinks === 'follow';
    const keep = link && symlinks === 'keep';
    const { records } = batch;
    if (isUnchanged(this.#system, pair, { name, as, follow }, records, file)) {
      this.#count(pair, batch, file, { method: undefined, bytes: 0 });
      return;
    }
    const { overwrite } = pair;
    const ours = (keep || overwrite !== true) && isOurs(this.#system, pair, as, records, file);
    if (ours) {
      if (!mayReplace(pair))
        pair.ours = { stands: () => isOurs(this.#system, pair, as, records, file), overwrite };
      pair.overwrite = true;
    }
    if (this.#job.progress) this.#paths = pathsOf(pair, name, as);
    const lookedAt = Date.now();
    // If this fails, the old destination is as it was, and what is known of it stays.
    const outcome = keep
      ? this.#transferrer.link(pair, name, as)
      : this.#transferrer.file(pair, name, as, follow);
    pair.overwrite = overwrite;
    pair.ours = undefined;
    const { source, destination } = this.#transferrer;
    const copied = outcome.method !== undefined || outcome.bytes < 0;
    // A link of ours that leads where it should is left, and stays ours.
    if (records) {
      if (copied || (ours && keep)) note(records, file, source, destination, lookedAt);
      else forget(records, file);
    }
    this.#count(pair, batch, file, outcome);
  }

  #count(pair: DirectoryPair, batch: QueuedBatch, file: number, outcome: Outcome): void {
    const { tally } = this;
    if (outcome.bytes < 0) tally.links++;
    else if (outcome.method === undefined) tally.unchanged++;
    else countFile(tally, outcome.method, outcome.bytes);
    this.#report(pair, batch, file, outcome);
  }

  #report(pair: DirectoryPair, batch: QueuedBatch, file: number, outcome: Outcome): void {
    if (batch.outcomes) noteOutcome(batch.outcomes, file, outcome);
    if (!this.#job.entries && !this.#job.progress) return;
    const name = batch.names[file]!;
    const paths = pathsOf(pair, name, batch.renamed?.[file] ?? name);
    const result = resultOf(outcome);
    if (this.#job.entries) this.tally.entries.push({ ...paths, ...result });
    if (!this.#job.progress) return;
    const { bytes, method } = result;
    this.#hooks.progress({
      ...paths,
      fileBytes: bytes,
      fileSize: bytes,
      done: true,
      ...(method && { method }),
    });
  }

  /** Part of a large file has been copied. */
  #part(bytes: number, size: number): void {
    if (this.#queue.stopped)
      throw new CopyError({ code: 'ABORT_ERR', reason: 'the copy was ended', ...this.#paths });
    if (bytes >= size) return;
    if (!this.#hasToldLarge) this.#hooks.large();
    this.#hasToldLarge = true;
    if (!this.#paths) return;
    this.#hooks.progress({ ...this.#paths, fileBytes: bytes, fileSize: size, done: false });
  }
}

/** The position of the first link behind a file, or the number of files. */
function nextLinkOf({ names, links }: QueuedBatch, file: number): number {
  return links?.find((link) => link > file) ?? names.length;
}

/** Whether files are copied as the fast path copies them. */
function hasUsualOptions({ transfer, only }: JobSettings): boolean {
  const { reflink, atomic, preserve, cache, durability } = transfer;
  return (
    reflink === 'auto' &&
    !atomic &&
    cache === 'use' &&
    durability === 'none' &&
    preserve.length === 2 &&
    preserve.includes('mode') &&
    preserve.includes('timestamps') &&
    only === undefined
  );
}

function note(
  records: Uint32Array,
  file: number,
  source: FileStatus,
  destination: FileStatus,
  lookedAt: number,
): void {
  if (mayChangeUnseen(source, lookedAt)) rememberPlaced(records, file, destination);
  else remember(records, file, source, destination);
}
