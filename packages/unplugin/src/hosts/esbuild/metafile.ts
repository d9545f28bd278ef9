import path from 'node:path';
import type { BuildOptions, BuildResult, Metafile } from 'esbuild';
import type { CopyEntry } from 'fs-reflink';
import { linkStatsOf } from '../../targets/stats.ts';
import { relativeName } from '../../targets/targets.ts';

/** Options of builds for which this package has set `metafile: true`. */
interface Requested {
  /** The number of builds with these options for which esbuild has not read the options yet. */
  builds: number;
  /** Whether another plugin has asked for a metafile in the meantime. */
  isAsked: boolean;
  before: PropertyDescriptor | undefined;
}

const requests = new WeakMap<BuildOptions, Requested>();

/** Metafiles that the user did not ask for, by the results that they were removed from. */
const hidden = new WeakMap<BuildResult, Metafile>();

/**
 * Makes esbuild create a metafile, which is the only list of the files that it writes. Plugins that are set up later
 * may still ask for a metafile themselves, by an assignment to the same option.
 */
export function requestMetafile(options: BuildOptions) {
  if (!requests.has(options) && options.metafile === true) return { isAsked: true, end: () => {} };
  const request = requests.get(options) ?? begin(options);
  request.builds++;
  let isOver = false;
  return {
    /** Whether the user or another plugin has asked for a metafile. */
    get isAsked() {
      return request.isAsked;
    },
    /** Call this when esbuild has read the options. The last call for the same options restores what the user gave. */
    end() {
      if (isOver) return;
      isOver = true;
      if (--request.builds > 0) return;
      requests.delete(options);
      restore(options, request);
    },
  };
}

function begin(options: BuildOptions): Requested {
  const before = Object.getOwnPropertyDescriptor(options, 'metafile');
  const request: Requested = { builds: 0, isAsked: false, before };
  requests.set(options, request);
  Object.defineProperty(options, 'metafile', {
    get: () => true,
    set(value) {
      request.isAsked = value === true;
    },
    enumerable: true,
    configurable: true,
  });
  return request;
}

function restore(options: BuildOptions, { isAsked, before }: Requested): void {
  if (!isAsked && !before) delete options.metafile;
  else Object.defineProperty(options, 'metafile', { value: isAsked || before?.value, writable: true });
}

/** The metafile of a build, also if {@link hideMetafile} has removed it from the result. */
export function metafileOf(result: BuildResult): Metafile | undefined {
  return result.metafile ?? hidden.get(result);
}

/** Removes the metafile from the result of a build whose user has not asked for it. */
export function hideMetafile(result: BuildResult): void {
  if (result.metafile) hidden.set(result, result.metafile);
  // esbuild sets the property to undefined too if it creates no metafile.
  (result as Partial<BuildResult>).metafile = undefined as never;
}

/** The absolute paths of the files that esbuild has written. */
export function bundlePaths(result: BuildResult, root: string): string[] {
  return Object.keys(metafileOf(result)?.outputs ?? {}).map((name) => path.resolve(root, name));
}

/** Adds the copied files to the outputs in the metafile. */
export function listOutputs(
  metafile: Metafile | undefined,
  entries: readonly CopyEntry[],
  root: string,
): void {
  if (!metafile) return;
  for (const { action, destination, ...entry } of entries) {
    if (action === 'pruned') continue;
    // The copy reports sizes only for files that it has copied.
    const bytes = action === 'copied' ? entry.bytes : (linkStatsOf(destination)?.size ?? 0);
    const name = relativeName(root, destination);
    metafile.outputs[name] = { bytes, inputs: {}, imports: [], exports: [] };
  }
}
