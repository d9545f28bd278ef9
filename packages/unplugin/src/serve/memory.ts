import fs from 'node:fs';
import path from 'node:path';
import type { Compiler } from 'webpack';

/** An output that is kept in memory, as memfs makes it. */
export type OutputFileSystem = NonNullable<Compiler['outputFileSystem']>;

/** Files that are read from somewhere else, by their path in the output. */
type Mounted = ReadonlyMap<string, string>;

const READING = [
  'stat',
  'statSync',
  'lstat',
  'lstatSync',
  'existsSync',
  'readFile',
  'readFileSync',
  'createReadStream',
];

/** Every compiler's own, as several may share one output. */
const mounts = new WeakMap<object, Map<object, Mounted>>();

/**
 * Makes an output in memory answer for files from where they are, so that none of them is loaded. Replaces what the
 * same owner had mounted. False where that is not possible.
 */
export function mount(output: OutputFileSystem, owner: object, files: Mounted): boolean {
  const methods = output as unknown as Record<string, unknown>;
  if (typeof methods.mkdirSync !== 'function') return false;
  let owners = mounts.get(output);
  if (!owners) {
    owners = new Map();
    if (!redirect(methods, owners)) return false;
    mounts.set(output, owners);
  }
  owners.set(owner, files);
  // Whoever looks for an index file asks about its directory first.
  const mkdir = methods.mkdirSync as typeof fs.mkdirSync;
  for (const directory of new Set([...files.keys()].map(path.dirname))) mkdir(directory, { recursive: true });
  return true;
}

function redirect(methods: Record<string, unknown>, owners: Map<object, Mounted>): boolean {
  const replaced: [string, unknown][] = [];
  for (const name of READING) {
    const original = methods[name];
    if (typeof original !== 'function') continue;
    const real = fs[name as keyof typeof fs] as (...given: unknown[]) => unknown;
    const read = (...given: unknown[]) => {
      const file = find(owners, given[0]);
      return file === undefined ? original.apply(methods, given) : real(file, ...given.slice(1));
    };
    if (!Reflect.set(methods, name, read) || methods[name] !== read) {
      for (const [name, original] of replaced) methods[name] = original;
      return false;
    }
    replaced.push([name, original]);
  }
  return replaced.length > 0;
}

function find(owners: Map<object, Mounted>, given: unknown): string | undefined {
  if (typeof given !== 'string') return undefined;
  const name = path.normalize(given);
  for (const files of owners.values()) {
    const file = files.get(name);
    if (file !== undefined) return file;
  }
  return undefined;
}

/** Whether an output is on the disk: then it finds a file there as everybody does. */
export function isRealDisk(output: OutputFileSystem, file: string): Promise<boolean> {
  return new Promise((resolve) => {
    output.stat(file, (error, found) => {
      if (error || !found) return resolve(false);
      const real = fs.statSync(file, { throwIfNoEntry: false });
      resolve(real !== undefined && real.ino === found.ino && real.size === found.size);
    });
  });
}
