import type { BuildOptions, BuildResult, Metafile } from 'esbuild';

/** Options that say `metafile: true` on account of this package, and nobody else's so far. */
interface Requested {
  /** How many builds with these options esbuild has not read them for. */
  builds: number;
  /** Whether another plugin has asked for it meanwhile. */
  isAsked: boolean;
  before: PropertyDescriptor | undefined;
}

const requests = new WeakMap<BuildOptions, Requested>();

/** Metafiles that are hidden from whoever did not ask for them, by the results they were in. */
const hidden = new WeakMap<BuildResult, Metafile>();

export interface MetafileRequest {
  /** Whether the user, or another plugin, wants to read it. */
  readonly isAsked: boolean;
  /** esbuild has read the options: they are as the user gave them again. */
  end(): void;
}

/**
 * Has esbuild make a metafile, which alone names the files that it writes. Other plugins that are set up later may ask
 * for it by an assignment to the same option.
 */
export function requestMetafile(options: BuildOptions): MetafileRequest {
  if (!requests.has(options) && options.metafile === true) return { isAsked: true, end: () => {} };
  const request = requests.get(options) ?? begin(options);
  request.builds++;
  let isOver = false;
  return {
    get isAsked() {
      return request.isAsked;
    },
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
  else
    Object.defineProperty(options, 'metafile', {
      value: isAsked || before?.value,
      writable: true,
      enumerable: true,
      configurable: true,
    });
}

/** The metafile of a build, also where it was hidden. */
export function metafileOf(result: BuildResult): Metafile | undefined {
  return result.metafile ?? hidden.get(result);
}

/** Takes the metafile out of a result whose user has not asked for it. */
export function hideMetafile(result: BuildResult): void {
  if (result.metafile) hidden.set(result, result.metafile);
  // As esbuild leaves it.
  (result as Partial<BuildResult>).metafile = undefined as never;
}
