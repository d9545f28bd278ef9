import fs from 'node:fs';
import { linkStatsOf } from '../targets/stats.ts';

const BEGIN = 'unplugin-reflink stands in for';
/** Every stand-in is shorter than this, in bytes. */
export const STAND_IN_BYTES = 256;

/** What a bundler gets in place of a content: the same for the same content, and for no other. `hash` is its XXH64. */
export function standInFor(size: number, hash: string): string {
  return `${BEGIN} ${size} bytes of xxh64 ${hash}`;
}

/** Of a content that begins as a stand-in does: the size of the file that it stands for. In bytes. */
export function sizeInStandIn(content: Uint8Array): number | undefined {
  const text = Buffer.from(content.buffer, content.byteOffset, Math.min(content.byteLength, STAND_IN_BYTES));
  const [, size] = new RegExp(`^${BEGIN} (\\d+) bytes of xxh64 [0-9a-f]{16} *$`).exec(text.toString()) ?? [];
  return size === undefined ? undefined : Number(size);
}

/** The stand-in that a file holds; undefined: it holds something else, or is missing. */
export function standInAt(file: string): string | undefined {
  const stats = linkStatsOf(file);
  if (!stats?.isFile() || stats.size >= STAND_IN_BYTES) return undefined;
  const content = fs.readFileSync(file, 'utf8');
  return content.startsWith(BEGIN) ? content : undefined;
}
