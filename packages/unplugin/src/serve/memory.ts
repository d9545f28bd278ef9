import fs from 'node:fs';
import path from 'node:path';
import type { Compiler } from 'webpack';

/** The file system of an output that is kept in memory, as that of memfs. */
export type OutputFileSystem = NonNullable<Compiler['outputFileSystem']>;

/** The paths that files are really read from, by the paths of the files in the output. */
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

/** The files that each compiler has mounted in an output. Several compilers may share one output. */
const mounts = new WeakMap<object, Map<object, Mounted>>();

/**
 * Makes an output in memory read files from where they are on the disk, so that none of them is loaded into memory.
 * Replaces what the same owner has mounted before. Returns false if the methods of the output cannot be replaced.
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
  // A server that looks for an index file looks for the directory first.
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

/** Whether an output is on the disk: then it finds the same file at a path as `node:fs` does. */
export function isRealDisk(output: OutputFileSystem, file: string): Promise<boolean> {
  return new Promise((resolve) => {
    output.stat(file, (error, found) => {
      if (error || !found) return resolve(false);
      const real = fs.statSync(file, { throwIfNoEntry: false });
      resolve(real !== undefined && real.dev === found.dev && real.ino === found.ino);
    });
  });
}
