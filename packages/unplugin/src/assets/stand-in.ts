import fs from 'node:fs';
import { linkStatsOf } from '../stats.ts';

const BEGIN = 'unplugin-reflink stands in for';
/** More than any has. */
export const STAND_IN_BYTES = 256;

/** What a bundler gets in place of a content: the same for the same content, and for no other. `hash` is its SHA-256. */
export function standInFor(size: number, hash: string): string {
  return `${BEGIN} ${size} bytes of sha256 ${hash}`;
}

/** The stand-in that a file holds; undefined: it holds something else, or is missing. */
export function standInAt(file: string): string | undefined {
  const stats = linkStatsOf(file);
  if (!stats?.isFile() || stats.size >= STAND_IN_BYTES) return undefined;
  const content = fs.readFileSync(file, 'utf8');
  return content.startsWith(BEGIN) ? content : undefined;
}
