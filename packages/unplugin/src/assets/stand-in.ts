import fs from 'node:fs';
import { linkStatsOf } from '../targets/stats.ts';

const BEGIN = 'unplugin-reflink stands in for';
/** Every stand-in is shorter than this, in bytes. */
export const STAND_IN_BYTES = 256;

/** What a bundler gets in place of a content: the same only for the same content. `hash` is the content's XXH64. */
export function standInFor(size: number, hash: string): string {
  return `${BEGIN} ${size} bytes of xxh64 ${hash}`;
}

/** The size in bytes of the file that a stand-in stands for. Undefined if the content is not a stand-in. */
export function sizeInStandIn(content: Uint8Array): number | undefined {
  const text = Buffer.from(content.buffer, content.byteOffset, Math.min(content.byteLength, STAND_IN_BYTES));
  const [, size] = new RegExp(`^${BEGIN} (\\d+) bytes of xxh64 [0-9a-f]{16} *$`).exec(text.toString()) ?? [];
  return size === undefined ? undefined : Number(size);
}

/** The stand-in that a file contains. Undefined if the file contains something else or is missing. */
export function standInAt(file: string): string | undefined {
  const stats = linkStatsOf(file);
  if (!stats?.isFile() || stats.size >= STAND_IN_BYTES) return undefined;
  const content = fs.readFileSync(file, 'utf8');
  return content.startsWith(BEGIN) ? content : undefined;
}
