import type { Attribute } from './model/settings.ts';
import { nodeUtil } from './node-util.ts';
import { isFileUrl, splitFrom } from './path-or-url.ts';

/** More threads than this do not make one disk faster. */
export const MAX_WORKERS = 8;

type Check = (value: unknown) => boolean;

const isString: Check = (value) => typeof value === 'string' && value !== '' && !value.includes('\0');
export const isPath: Check = (value) => (isString(value) && !isUrlText(value)) || isFileUrl(value);
const isBoolean: Check = (value) => typeof value === 'boolean';
const isFunction: Check = (value) => typeof value === 'function';
const isThreadCount: Check = (value) =>
  Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MAX_WORKERS;
const oneOf =
  (...values: unknown[]): Check =>
  (value) =>
    values.includes(value);
/** Returns a check for an array whose elements pass a check. */
export const listOf =
  (check: Check): Check =>
  (value) =>
    // `every` alone would skip holes.
    Array.isArray(value) && Array.from(value).every(check);

/** Not `instanceof`: test environments such as jsdom replace `AbortSignal`, but not that of `node:test`, for example. */
const isSignal: Check = (value) => {
  const { aborted, addEventListener, removeEventListener } = Object(value) as Partial<AbortSignal>;
  return typeof aborted === 'boolean' && isFunction(addEventListener) && isFunction(removeEventListener);
};

const isFrom: Check = (value) => {
  if (!listOf(isPath)(value)) return isPath(value);
  const { sources, negated } = splitFrom(value as string[]);
  return sources.length > 0 && !negated.includes('');
};

/** For each option: a check of its value, and the words that an error uses for what it accepts. */
type Schema = Record<string, readonly [Check, string]>;

/** The values of `preserve`, in the order in which messages list them. */
export const ATTRIBUTES: readonly Attribute[] = [
  'mode',
  'timestamps',
  'ownership',
  'links',
  'devices',
  'special',
  'xattr',
  'acl',
];

const overwrite = [
  oneOf(true, false, 'error', 'changed', 'older'),
  "true, false, 'error', 'changed' or 'older'",
] as const;

export const fileSchema: Schema = {
  reflink: [oneOf('auto', 'always', 'never'), "'auto', 'always' or 'never'"],
  overwrite,
  atomic: [isBoolean, 'a boolean'],
  preserve: [listOf(oneOf(...ATTRIBUTES)), `an array of ${ATTRIBUTES.join(', ')}`],
  symlinks: [oneOf('follow', 'keep'), "'follow' or 'keep'"],
  pageCache: [oneOf('use', 'bypass'), "'use' or 'bypass'"],
  durability: [oneOf('none', 'file', 'full'), "'none', 'file' or 'full'"],
  signal: [isSignal, 'an AbortSignal'],
};

export const copySchema: Schema = {
  ...fileSchema,
  cwd: [isPath, 'a path'],
  concurrency: [isThreadCount, `a whole number from 1 to ${MAX_WORKERS}`],
  onProgress: [isFunction, 'a function'],
  onPlanned: [isFunction, 'a function'],
  manifest: [isPath, 'a path'],
  prune: [oneOf(true, false, 'placed', 'everything'), "true, false, 'placed' or 'everything'"],
  keep: [listOf(isString), 'an array of paths'],
  emptiedAt: [Number.isFinite, 'a number of milliseconds'],
  pruneRoots: [listOf(isString), 'an array of paths'],
  leave: [listOf(isString), 'an array of paths'],
  allowedRoots: [listOf(isString), 'an array of paths'],
  allowMissing: [isBoolean, 'a boolean'],
  cloneDirectories: [isBoolean, 'a boolean'],
  onError: [oneOf('stop', 'collect'), "'stop' or 'collect'"],
  entries: [oneOf(true, false, 'pruned'), "a boolean or 'pruned'"],
  overlaps: [isBoolean, 'a boolean'],
};

export const prepareSchema: Schema = {
  targets: [Array.isArray, 'an array of targets'],
  cwd: copySchema.cwd!,
  busy: [isBoolean, 'a boolean'],
  workers: [(value) => value === 0 || isThreadCount(value), `a whole number from 0 to ${MAX_WORKERS}`],
};

export const targetSchema: Schema = {
  from: [isFrom, 'a path, a glob, or an array of them that are not all negated, and not "!" alone'],
  to: [(value) => value === '' || isPath(value), 'a path'],
  allowOutside: [isBoolean, 'a boolean'],
  ignore: [(value) => isString(value) || listOf(isString)(value), 'a glob or an array of globs'],
  rename: [(value) => isString(value) || isFunction(value), 'a string or a function'],
  flatten: [isBoolean, 'a boolean'],
  filter: [isFunction, 'a function'],
  directoryFilter: [isFunction, 'a function'],
  base: [isPath, 'a path'],
  overwrite,
  symlinks: fileSchema.symlinks!,
  preserve: fileSchema.preserve!,
  transform: [isFunction, 'a function'],
};

/** Hints for options of cp(1), Node.js, fs-extra, cpy and copying plugins. */
const peers: Record<string, Record<string, string>> = {
  option: {
    cache: 'use "pageCache", or "manifest" to leave unchanged files alone',
    dereference: 'use "symlinks"',
    errorOnExist: 'use "overwrite: \'error\'"',
    flat: 'use "flatten" of a target',
    force: 'use "overwrite"',
    mode: 'use "reflink"',
    preserveTimestamps: 'use "preserve"',
    recursive: 'leave it out: directories are always copied whole',
    verbatimSymlinks: 'use "symlinks: \'keep\'"',
  },
  'target option': {
    context: 'use "base"',
    dest: 'use "to"',
    destination: 'use "to"',
    exclude: 'use "ignore"',
    flat: 'use "flatten"',
    force: 'use "overwrite"',
    globbyOptions: 'use "ignore"',
    globOptions: 'use "ignore"',
    noErrorOnMissing: 'use the option "allowMissing", for all targets',
    priority: 'use the order of targets: the last one wins',
    source: 'use "from"',
    src: 'use "from"',
    toType: 'use "to", which is a directory if it ends with a slash',
  },
};

/**
 * Throws for unknown options and wrong types. The error names the option and its value; `where` ends the message.
 * `hintForOther` returns the hint for an option that no other tool has.
 * Returns a copy, so that a later change of `given`, or of an array in it, has no effect. Each option is read once, also
 * one that `given` inherits: a method of its class is called with `given` as its object. Other functions stay the same
 * objects, because the records of the plugin compare them and their text.
 */
export function check<Options extends object>(
  kind: string,
  given: Options,
  schema: Schema,
  where = '',
  hintForOther: (name: string) => string = () => '',
): Options {
  if (typeof given !== 'object' || given === null || Array.isArray(given) || isPromise(given)) {
    throw new TypeError(`fs-reflink: ${kind} must be an object, got ${show(given)}${where}`);
  }
  const options = given as Record<string, unknown>;
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(schema, name)) continue;
    throw new TypeError(
      `fs-reflink: unknown ${kind} "${name}", which is ${show(options[name])}${where}; ${hintFor(peers[kind], name) || hintForOther(name)}known are ${Object.keys(schema).join(', ')}`,
    );
  }
  const checked: Record<string, unknown> = {};
  for (const [name, [isRight, expected]] of Object.entries(schema)) {
    const value = options[name];
    if (value === undefined) continue;
    if (!isRight(value)) {
      throw new TypeError(`fs-reflink: ${kind} "${name}" must be ${expected}, got ${show(value)}${where}`);
    }
    checked[name] = copyOf(value, Object.hasOwn(given, name) ? undefined : given);
  }
  return checked as Options;
}

function copyOf(value: unknown, owner: object | undefined): unknown {
  if (typeof value === 'function' && owner) return value.bind(owner);
  return Array.isArray(value) ? [...value] : value;
}

/** The hint for an option that another tool has under this name. Returns an empty string for any other name. */
export function hintFor(names: Record<string, string> | undefined, name: string): string {
  return names && Object.hasOwn(names, name) ? `${names[name]}; ` : '';
}

/** The hint for an option of a target that was given for all targets. Returns an empty string for any other name. */
export function hintForTarget(name: string): string {
  return Object.hasOwn(targetSchema, name) ? `use "${name}" of a target; ` : '';
}

/** Whether a value is a promise that was not awaited. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function';
}

/** Whether a string is meant as a URL of a file: as a path it would name a directory `file:`. */
export function isUrlText(value: unknown): value is string {
  return typeof value === 'string' && /^file:\/\//i.test(value);
}

/** A value as a message shows it. */
export function show(value: unknown): string {
  if (value instanceof URL) return value.href;
  if (isPromise(value)) return 'a promise; await it first';
  if (typeof value === 'function') return 'a function';
  const url = [value].flat().find(isUrlText);
  const hint = url === undefined ? '' : `; give a URL as new URL('${url}')`;
  return nodeUtil().inspect(value, { depth: 2, breakLength: Infinity }) + hint;
}
