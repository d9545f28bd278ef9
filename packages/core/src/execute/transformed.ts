import fs from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { asCopyError, asThrown, CopyError, systemError } from '../errors.ts';
import type { FileResult, TransformedFolder } from '../model/batch.ts';
import type { Folder } from '../model/files.ts';
import type { Attribute, TransferSettings } from '../model/settings.ts';
import { nodeUtil } from '../node-util.ts';
import { pairedFile } from '../plan/compare.ts';
import { forget, rememberDestination } from '../plan/record.ts';
import { isArchived } from '../platform/archives.ts';
import { onDisk } from '../platform/raw-names.ts';
import { FileStatus } from '../platform/status.ts';
import { systemFor } from '../platform/system-for.ts';
import { addLost, noteError } from '../report.ts';
import { bytesOf } from '../target.ts';
import { type Decision, decide } from '../transfer/decide.ts';
import { isStillThere } from '../transfer/identity.ts';
import {
  creationMode,
  hasAttributesOf,
  NOTHING_CHOSEN,
  type Preserved,
  preserved,
  setAttributes,
  withPreserve,
} from '../transfer/metadata.ts';
import { type BothPaths, type DirectoryPair, type PairedFile, pathsOf } from '../transfer/pair.ts';
import { publish } from '../transfer/publish.ts';
import { StagedFile } from '../transfer/staged-file.ts';
import { sweepTemporaries } from '../transfer/temporary.ts';
import { UNCHANGED } from '../transfer/transfer.ts';
import { DestinationTree, openPair, syncPair } from '../transfer/tree.ts';
import { countResult, type Finished, reportResult, untilAborted } from './finished.ts';
import type { CopyContext } from './job.ts';

const { O_RDONLY, O_NONBLOCK = 0 } = fs.constants;

export interface TransformContext extends CopyContext {
  /** The maximum number of files that are transformed at the same time. */
  concurrency: number;
  signal?: AbortSignal | undefined;
}

/**
 * Reads, transforms and writes files on this thread, while workers copy the files that need no JavaScript. Returns the
 * error that ended the copy.
 */
export async function transformAll(
  folders: readonly TransformedFolder[],
  context: TransformContext,
): Promise<Finished['error']> {
  const { queue } = context;
  if (queue.stopped) return undefined;
  try {
    const { default: pLimit } = await import('p-limit');
    const fileLimit = pLimit(context.concurrency);
    const folderLimit = pLimit(context.concurrency);
    await allOf(
      folders.map((folder) =>
        folderLimit(async () => {
          if (!queue.stopped) await transformFolder(folder, context, (step) => fileLimit(step));
        }),
      ),
    );
    return undefined;
  } catch (error) {
    queue.stop();
    return asThrown(error);
  }
}

async function transformFolder(
  { folder, records, results }: TransformedFolder,
  given: TransformContext,
  limit: (step: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const transfer = withPreserve(given.job.transfer, folder.target.preserve);
  const context = {
    ...given,
    job: { ...given.job, transfer },
    system: systemFor(folder, given.system),
  };
  const { queue, system, job, tally } = context;
  const durable = job.transfer.durability === 'full';
  const tree = new DestinationTree(system, job.transfer, tally);
  try {
    const overwrite = folder.target.overwrite ?? job.transfer.overwrite;
    let pair: DirectoryPair;
    try {
      pair = openPair(system, tree, folder, overwrite);
    } catch (error) {
      noteError(tally, job, error);
      return;
    }
    try {
      if (!pair.fresh) sweepTemporaries(system, pair.destination);
      const write = async (file: number) => {
        if (queue.stopped) return;
        try {
          results[file] = await new TransformedFile(pair, folder, records, file, context).write();
        } catch (error) {
          noteError(tally, job, error);
        }
      };
      const stop = (error: unknown) => {
        queue.stop();
        throw error;
      };
      await allOf(folder.names.map((_name, file) => limit(() => write(file)).catch(stop)));
      if (durable) syncPair(system, pair);
    } finally {
      system.closeDirectory(pair.source);
    }
  } finally {
    tree.close();
  }
}

/**
 * Waits for all steps even if one fails, because the caller then closes the directories they use. Rejects with the
 * first error.
 */
async function allOf(steps: Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(steps)).find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
}

/** One file, from its source to the renamed result. */
class TransformedFile {
  readonly #folder: Folder;
  readonly #records: Uint32Array;
  readonly #position: number;
  readonly #context: TransformContext;
  readonly #file: PairedFile;
  readonly #paths: BothPaths;
  readonly #status = new FileStatus();
  readonly #sourceStatus = new FileStatus();

  constructor(
    pair: DirectoryPair,
    folder: Folder,
    records: Uint32Array,
    position: number,
    context: TransformContext,
  ) {
    this.#folder = folder;
    this.#records = records;
    this.#position = position;
    this.#context = context;
    this.#file = pairedFile(context.system, pair, { ...folder, records }, position, context.changed);
    this.#paths = pathsOf(this.#file);
  }

  /** Returns undefined if the copy was stopped before the file was written. */
  async write(): Promise<FileResult | undefined> {
    const { queue, tally } = this.#context;
    const decision = this.#decide();
    const bytes = decision === 'keep' ? undefined : await this.#writeUnlessSame(decision === 'replace');
    if (bytes === undefined && queue.stopped) return undefined;
    const result: FileResult =
      bytes === undefined ? UNCHANGED : { action: 'copied', method: 'transform', bytes };
    countResult(tally, result);
    reportResult(result, () => this.#paths, this.#context);
    return result;
  }

  #decide(): Decision {
    const { system } = this.#context;
    const { pair, name } = this.#file;
    // Only 'older' needs the status of the source: its size says nothing about the transformed content.
    const isAsked = pair.overwrite === 'older' && !pair.fresh;
    const isFound = isAsked && system.status(pair.source, name, true, this.#sourceStatus) >= 0;
    const source = isFound ? this.#sourceStatus : undefined;
    return decide(system, { source, destination: this.#status, ...this.#file });
  }

  /**
   * Writes the result of the function. Returns undefined if the destination is already equal, or if the copy was
   * stopped.
   */
  async #writeUnlessSame(exists: boolean): Promise<number | undefined> {
    const { queue, job, system } = this.#context;
    const made = await this.#apply(await this.#read());
    if (made === undefined || queue.stopped) return undefined;
    const { pair, as } = this.#file;
    const keep = attributesOf(job.transfer);
    const mode = exists && (await this.#hasBytes(made)) ? this.#status.mode : undefined;
    if (mode !== undefined && hasAttributesOf(keep, this.#sourceStatus, this.#status)) return undefined;
    try {
      if (!(await this.#stage(made, keep, mode))) return undefined;
    } catch (error) {
      throw asCopyError(error, this.#paths);
    }
    pair.unsynced = true;
    if (system.status(pair.destination, as, false, this.#status) >= 0)
      rememberDestination(this.#records, this.#position, this.#status);
    else forget(this.#records, this.#position);
    return made.length;
  }

  /** Whether the destination is a file with these bytes. Stores its status in `#status`. */
  async #hasBytes(bytes: Buffer): Promise<boolean> {
    const { pair, as } = this.#file;
    if (this.#context.system.status(pair.destination, as, false, this.#status) < 0) return false;
    if (!this.#status.isRegular || this.#status.size !== bytes.length) return false;
    try {
      return (await fs.readFile(onDisk(this.#paths.destination))).equals(bytes);
    } catch {
      // The file is gone or unreadable: writing it again reports the error, if there is one.
      return false;
    }
  }

  /**
   * Writes a file under a temporary name, and renames it. Returns false if it is no longer wanted, or if a file with
   * the same bytes is there with `mode`, and the filesystem gives a new one no other mode.
   */
  async #stage(bytes: Uint8Array, keep: Preserved, mode: number | undefined): Promise<boolean> {
    const { job, system, tally } = this.#context;
    const { destination: directory, opened } = this.#file.pair;
    const paths = { ...this.#paths, method: 'transform' as const };
    if (!isStillThere(system, directory, opened)) {
      const reason =
        'something else has taken the place of the directory, or of one above it, while it was copied to';
      throw new CopyError({ code: 'ELOOP', reason, ...paths });
    }
    const fail = (errno: number, syscall: string) => systemError(errno, { ...paths, syscall });
    const staged = new StagedFile(system, directory, creationMode(keep, this.#sourceStatus), fail);
    const lost: [Attribute, number][] = [];
    try {
      for (const _part of staged.write(bytes)) await nextTurn();
      staged.setAttributes((fd) =>
        setAttributes(
          system,
          keep,
          { source: fd, destination: fd },
          this.#sourceStatus,
          this.#status,
          NOTHING_CHOSEN,
          (...attribute) => lost.push(attribute),
        ),
      );
      if (this.#status.mode === mode) return false;
      if (job.transfer.durability !== 'none') staged.sync();
      const inPlace = job.transfer.atomic ? undefined : {};
      if (!staged.publish((temporary) => publish(system, this.#file, temporary, inPlace) !== false))
        return false;
      const { destination: first } = paths;
      for (const [attribute, errno] of lost) addLost(tally.lost, attribute, { count: 1, first, errno });
      return true;
    } finally {
      staged.end();
    }
  }

  /** Returns the content of the source, and stores its status in `#sourceStatus`. */
  async #read(): Promise<Buffer> {
    const paths = this.#paths;
    const { source } = paths;
    try {
      // If a FIFO has replaced the file, opening it must not block. The readers of archives do not accept this flag.
      const handle = await fs.open(onDisk(source), isArchived(source) ? 'r' : O_RDONLY | O_NONBLOCK);
      try {
        const stats = await handle.stat({ bigint: true });
        const { dev, ino } = stats;
        if (!stats.isFile() && !stats.isDirectory()) {
          const reason = 'the source is a FIFO, a socket or a device';
          throw new CopyError({ code: 'ERR_NOT_REGULAR', reason, ...paths });
        }
        const destination = onDisk(paths.destination);
        const there = await fs.stat(destination, { bigint: true }).catch(() => undefined);
        const isSame = there !== undefined && there.dev === dev && there.ino === ino;
        // A link that an earlier copy made may lead to the source.
        if (isSame && !((await fs.lstat(destination)).isSymbolicLink() && this.#file.isOurs())) {
          const reason = 'source and destination are the same file';
          throw new CopyError({ code: 'ERR_SAME_FILE', reason, ...paths });
        }
        // Yarn's handle of a file in an archive has a `readFile` that fails.
        const content = await (isArchived(source) ? fs.readFile(source) : handle.readFile());
        this.#sourceStatus.fill(stats);
        return content;
      } finally {
        await handle.close();
      }
    } catch (error) {
      throw asCopyError(error, paths);
    }
  }

  /** Returns the result of the user's function as bytes, or undefined if the copy is aborted first. */
  async #apply(content: Buffer): Promise<Buffer | undefined> {
    const { signal } = this.#context;
    try {
      // Give other work an event loop turn first: the function may take long.
      await nextTurn();
      if (signal?.aborted) return undefined;
      const { below, target } = this.#folder;
      const { as } = this.#file;
      const file = { source: this.#paths.source, path: below === '' ? as : `${below}/${as}` };
      const made = await untilAborted(target.transform!(content, file), signal);
      return signal?.aborted ? undefined : bytesOf(made);
    } catch (cause) {
      const thrown = typeof cause === 'string' ? cause : nodeUtil().inspect(cause);
      const reason = `the transform failed: ${cause instanceof Error ? cause.message : thrown}`;
      throw new CopyError({ code: 'ERR_TRANSFORM', reason, ...this.#paths, method: 'transform', cause });
    }
  }
}

/** What a transformed file gets from its source. */
function attributesOf(settings: TransferSettings): Preserved {
  return { ...preserved(settings), timestamps: false, ownership: false, extended: undefined };
}
