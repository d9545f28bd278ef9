import fs from 'node:fs';
import path from 'node:path';
import { asCopyError, CopyError } from '../../errors.ts';
import { loadSystem } from '../../platform/load.ts';
import { isDirectory } from '../../platform/path-status.ts';
import { resolveCopyOptions } from '../../resolve-options.ts';
import { absolutePath } from '../../target.ts';
import { plainMethod } from '../../transfer/single-method.ts';
import { describeError, EXIT, errorToJson, UsageError } from '../failure.ts';
import { bytes } from '../format.ts';
import { Interruption } from '../interrupt.ts';
import { complain, print, printJson } from '../output.ts';
import { countTotal, type Total } from '../total.ts';
import { GENERATED, generate } from './generate.ts';
import { measure } from './measure.ts';
import { type BenchResult, resultLines } from './result.ts';

export interface BenchFlags {
  to?: string;
  rounds: number;
  fsync?: boolean;
  quiet?: boolean;
  json?: boolean;
}

/** Factor for the space that directories and the filesystem itself need. */
const MARGIN = 1.05;

/** `fs-reflink bench`. Returns the exit status. Deletes everything it created, even after Ctrl-C. */
export async function runBench(directory: string | undefined, flags: BenchFlags): Promise<number> {
  using interruption = new Interruption({ quiet: flags.quiet ?? false });
  try {
    const destination = destinationFor(directory, flags.to);
    const result = await benchIn(destination, directory, flags, interruption.signal);
    if (flags.json) printJson(result);
    else for (const line of resultLines(result)) print(line);
    return EXIT.ok;
  } catch (error) {
    const stopped = interruption.status;
    if (stopped === undefined && !(error instanceof CopyError)) throw error;
    if (flags.json) printJson({ error: errorToJson(error) });
    else if (stopped === undefined) complain(describeError(error, false));
    else if (!flags.quiet) complain('interrupted; copies and generated files are removed');
    return stopped ?? EXIT.failed;
  }
}

async function benchIn(
  destination: string,
  directory: string | undefined,
  { rounds, fsync = false, quiet = false }: BenchFlags,
  signal: AbortSignal,
): Promise<BenchResult> {
  using scratch = makeScratch(destination);
  const shown = status(!quiet);
  const given = directory === undefined ? undefined : path.resolve(directory);
  const work = given ? await contentOf(given, scratch.path, signal) : GENERATED;
  const needed = given ? (work as Total).blocks : 2 * GENERATED.bytes;
  const from = given ?? path.join(scratch.path, 'files');
  refuseShortage(destination, needed * MARGIN, freeBytes(scratch.path), from);
  try {
    if (!given) {
      shown.show('generating files');
      await generate(from, signal);
    }
    const system = loadSystem();
    const { measured, refused } = await measure({
      system,
      from,
      scratch: scratch.path,
      rounds,
      fsync,
      signal,
      onRun: (round, method) =>
        shown.show(round === 0 ? `trying ${method}` : `round ${round} of ${rounds}: ${method}`),
    });
    const baseline = plainMethod(system);
    const { files, bytes: size } = work;
    return { from: given, to: destination, files, bytes: size, rounds, fsync, baseline, measured, refused };
  } finally {
    shown.clear();
  }
}

async function contentOf(from: string, to: string, signal: AbortSignal): Promise<Total> {
  const options = resolveCopyOptions({ from, to }, { cwd: to });
  const { blksize } = fs.statSync(to);
  const total = await countTotal(options, () => signal.aborted, blksize);
  if (total && total.files > 0) return total;
  signal.throwIfAborted();
  throw new CopyError({ code: 'ERR_NO_MATCH', reason: 'there is no file to measure with', source: from });
}

function refuseShortage(directory: string, needed: number, free: number, source: string): void {
  if (free >= needed) return;
  throw new CopyError({
    code: 'ENOSPC',
    reason: `measuring needs ${bytes(needed)} free there, and ${bytes(free)} are`,
    source,
    destination: directory,
  });
}

/** Shows the current step in one line that the next step overwrites. Only on a terminal. */
function status(wanted: boolean): { show(text: string): void; clear(): void } {
  const stream = process.stderr;
  const isShown = wanted && stream.isTTY;
  const write = (text: string) => {
    if (isShown) stream.write(`\r\u001b[K${text}`);
  };
  return { show: write, clear: () => write('') };
}

/** A directory that exists only during a measurement. */
interface Scratch extends Disposable {
  readonly path: string;
}

/** The directory for the copies: the one that the user named, or the parent of the files, on the same filesystem. */
function destinationFor(directory: string | undefined, to: string | undefined): string {
  const absolute = (each: string) => absolutePath(each, { source: directory, destination: to });
  const given = absolute(to ?? (directory === undefined ? '.' : path.dirname(absolute(directory))));
  if (!isDirectory(given)) throw new UsageError(`'${given}' is no directory, and copies are to go there`);
  if (directory === undefined) return given;
  if (!isDirectory(directory)) throw new UsageError(`'${directory}' is no directory`);
  if (to === undefined && fs.statSync(directory).dev !== fs.statSync(given).dev) {
    throw new UsageError(
      `'${directory}' is the root of its filesystem: copies beside it would be on another one. Say where with '--to'`,
    );
  }
  return given;
}

function makeScratch(within: string): Scratch {
  const scratch = makeDirectory(within);
  return {
    path: scratch,
    [Symbol.dispose]: () => fs.rmSync(scratch, { recursive: true, force: true }),
  };
}

function makeDirectory(within: string): string {
  try {
    return fs.mkdtempSync(path.join(within, 'fs-reflink-bench-'));
  } catch (error) {
    const { code, reason, ...details } = asCopyError(error, { destination: within }).details;
    throw new CopyError({ ...details, code, reason: `${reason}; name another directory with '--to'` });
  }
}

/** Free bytes on the filesystem of a directory. */
function freeBytes(directory: string): number {
  const { bavail, bsize } = fs.statfsSync(directory);
  return bavail * bsize;
}
