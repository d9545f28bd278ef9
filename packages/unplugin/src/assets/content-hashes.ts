import fs from 'node:fs';
import type { XXHashAPI } from 'xxhash-wasm';
import { readCached, writeCached } from '../output/cache.ts';
import { mayChangeUnseen } from '../targets/stats.ts';
import { type FileState, type SelectedFile, stateOf } from './selection.ts';

let library: Promise<XXHashAPI> | undefined;

/**
 * Creates an XXH64, which esbuild and webpack also use for the names of files. It is six times as fast as the SHA-256
 * of Node.js. The library is loaded for the first hash that the store does not have.
 */
async function create64() {
  library ??= import('xxhash-wasm').then((module) => module.default());
  return (await library).create64();
}

const CHUNK = 1024 * 1024;

interface Known {
  state: string;
  hash: string;
}

/** Hashes of the contents of files. Each is computed once for a state of the file, and kept for later builds. */
export class ContentHashes {
  readonly #store: string;
  readonly #hashes = new Map<string, Promise<string>>();
  #known: Map<string, Known> | undefined;
  /** The hashes that the store does not have yet, by path. */
  readonly #added = new Map<string, Known>();

  /** `store` is the path of the file in which hashes are kept. */
  constructor(store: string) {
    this.#store = store;
  }

  /** The hash of a file in the state in which it was found: 16 hexadecimal digits. */
  hashOf({ file, state }: Pick<SelectedFile, 'file' | 'state'>): Promise<string> {
    const key = `${state.key} ${file}`;
    let hash = this.#hashes.get(key);
    if (!hash) {
      hash = this.#find(file, state);
      this.#hashes.set(key, hash);
      // The file may be readable next time.
      hash.catch(() => this.#hashes.delete(key));
    }
    return hash;
  }

  async #find(file: string, state: FileState): Promise<string> {
    this.#known ??= new Map(Object.entries(read(this.#store)));
    const known = this.#known.get(file);
    if (known?.state === state.key) return known.hash;
    const begun = Date.now();
    const hash = await hashFile(file);
    // If the file may change and keep its state, its hash is not kept for the next build.
    if (!mayChangeUnseen(state, begun) && stateOf(file)?.state.key === state.key)
      this.#added.set(file, { state: state.key, hash });
    return hash;
  }

  /** Adds the new hashes to the store, for the next build. */
  save(): void {
    if (this.#added.size === 0) return;
    // Another process may have written the store since.
    const all = { ...read(this.#store), ...Object.fromEntries(this.#added) };
    this.#added.clear();
    this.#known = undefined;
    writeCached(this.#store, Object.fromEntries(Object.entries(all).filter(([file]) => fs.existsSync(file))));
  }
}

/** The same hash as {@link ContentHashes.hashOf}, of a content that is in memory. */
export async function hashContent(content: string | Uint8Array): Promise<string> {
  return hexadecimal((await create64()).update(content).digest());
}

const hexadecimal = (hash: bigint) => hash.toString(16).padStart(16, '0');

/** Two buffers for all files: one is hashed while the other one is filled. */
let buffers: [Buffer, Buffer] | undefined;
let last: Promise<unknown> = Promise.resolve();

/** Hashes one file after the other: two at once would take the same time, and more memory. */
function hashFile(file: string): Promise<string> {
  const hash = last.then(() => hashNow(file));
  last = hash.catch(() => {});
  return hash;
}

async function hashNow(file: string): Promise<string> {
  buffers ??= [Buffer.allocUnsafeSlow(CHUNK), Buffer.allocUnsafeSlow(CHUNK)];
  const handle = await fs.promises.open(file);
  try {
    const hash = await create64();
    let [current, next] = buffers;
    let read = handle.read(current, 0, CHUNK, null);
    for (;;) {
      const { bytesRead } = await read;
      if (bytesRead === 0) return hexadecimal(hash.digest());
      read = handle.read(next, 0, CHUNK, null);
      hash.update(current.subarray(0, bytesRead));
      [current, next] = [next, current];
    }
  } finally {
    await handle.close();
  }
}

/** If the store is missing or damaged, the contents are hashed again. */
function read(store: string): Record<string, Known> {
  const found = readCached(store);
  return typeof found === 'object' && found !== null ? (found as Record<string, Known>) : {};
}
