import fs from 'node:fs';
import path from 'node:path';
import { temporaryName } from '../transfer/temporary.ts';
import { asBytes, encodeNames, readExactly, type Section, type SectionStore } from './manifest-file.ts';
import type { NamedRecords } from './named-records.ts';

const CHUNK_BYTES = 1024 * 1024;
/** The maximum number of chunks in memory: the records of about 40,000 files. */
const MOST_CHUNKS = 4;

/**
 * Keeps the records of copied files until the manifest is written. The newest are in memory; in a large copy the
 * older ones are in a temporary file beside the manifest. If that file cannot be written, all records stay in memory.
 */
export class Scratch implements SectionStore {
  readonly #manifest: string | undefined;
  /** The chunks. Undefined for those that are in the file. */
  readonly #chunks: (Buffer | undefined)[] = [];
  #end = 0;
  /** How many chunks, from the first on, are in the file. */
  #written = 0;
  #file: { fd: number; path: string } | 'none' | undefined;

  /** `manifest` is the path of the manifest. If it is undefined, everything stays in memory. */
  constructor(manifest: string | undefined) {
    this.#manifest = manifest;
  }

  append({ names, records }: NamedRecords): Section {
    const at = this.#end;
    const text = encodeNames(names);
    this.#put(text);
    this.#put(asBytes(records));
    return { at, files: names.length, textBytes: text.length };
  }

  read(at: number, length: number, into: Buffer = Buffer.allocUnsafe(length)): Buffer {
    for (let done = 0; done < length; ) {
      const [chunk, start] = [Math.floor((at + done) / CHUNK_BYTES), (at + done) % CHUNK_BYTES];
      const part = into.subarray(done, done + Math.min(length - done, CHUNK_BYTES - start));
      const kept = this.#chunks[chunk];
      if (kept) kept.copy(part, 0, start, start + part.length);
      else readExactly((this.#file as { fd: number }).fd, part, at + done);
      done += part.length;
    }
    return into;
  }

  close(): void {
    const file = this.#file;
    this.#file = 'none';
    if (typeof file !== 'object') return;
    fs.closeSync(file.fd);
    if (process.platform === 'win32') fs.rmSync(file.path, { force: true });
  }

  #put(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      const start = this.#end % CHUNK_BYTES;
      if (start === 0) {
        if (this.#chunks.length - this.#written >= MOST_CHUNKS) this.#spill();
        this.#chunks.push(Buffer.allocUnsafeSlow(CHUNK_BYTES));
      }
      const part = bytes.subarray(done, done + CHUNK_BYTES - start);
      this.#chunks.at(-1)!.set(part, start);
      done += part.length;
      this.#end += part.length;
    }
  }

  /** Moves all chunks to the file. A full disk is no reason to fail a copy that is nearly finished. */
  #spill(): void {
    try {
      this.#file ??= this.#create();
      if (this.#file === 'none') return;
      for (; this.#written < this.#chunks.length; this.#written++) {
        const chunk = this.#chunks[this.#written]!;
        for (let done = 0; done < CHUNK_BYTES; )
          done += fs.writeSync(
            this.#file.fd,
            chunk,
            done,
            CHUNK_BYTES - done,
            this.#written * CHUNK_BYTES + done,
          );
        this.#chunks[this.#written] = undefined;
      }
    } catch {
      // The chunks stay in memory. If the file exists, the next call tries again.
      this.#file ??= 'none';
    }
  }

  #create(): { fd: number; path: string } | 'none' {
    if (this.#manifest === undefined) return 'none';
    const directory = path.dirname(this.#manifest);
    fs.mkdirSync(directory, { recursive: true });
    const file = path.join(directory, temporaryName());
    const fd = fs.openSync(file, 'wx+', 0o600);
    // Delete the name now, so that nothing is left, however the process ends. Windows cannot delete an open file.
    if (process.platform !== 'win32') fs.unlinkSync(file);
    return { fd, path: file };
  }
}
