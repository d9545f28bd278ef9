import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** A namespace of Windows before a path: `\\?\`, `\\.\` or `\\?\UNC\`, also with forward slashes. */
const NAMESPACE = /^[\\/]{2}(?:[?.][\\/](?=[a-z]:[\\/])|\?[\\/]UNC([\\/]))/i;

/**
 * Converts a `file:` URL to its path. On Windows returns a path without a namespace, so that one place has one path:
 * the engine adds it to each path that it passes to Windows. Returns any other path unchanged.
 */
export function toPath(given: string | URL): string {
  const file = typeof given === 'string' ? given : fileURLToPath(given);
  return path.sep === '\\' ? file.replace(NAMESPACE, '$1$1') : file;
}

/**
 * Whether a value is the URL of a file on this machine. Not `instanceof`: test environments such as jsdom replace
 * `URL`, but not that of `node:url`.
 */
export function isFileUrl(value: unknown): value is URL {
  if (typeof value !== 'object') return false;
  try {
    return !fileURLToPath(value as URL).includes('\0');
  } catch {
    return false;
  }
}

/**
 * Splits `from` into its sources and the entries of an array that exclude something, without their `!`. `!(a|b)` is
 * a pattern, not a negation.
 */
export function splitFrom(from: string | URL | readonly (string | URL)[]): {
  sources: string[];
  negated: string[];
} {
  if (!isList(from)) return { sources: [toPath(from)], negated: [] };
  const isNegated = (each: string | URL) => typeof each === 'string' && /^!(?!\()/.test(each);
  return {
    sources: from.filter((each) => !isNegated(each)).map(toPath),
    negated: from.filter(isNegated).map((each) => toPath(each).slice(1)),
  };
}

function isList<Each>(from: Each | readonly Each[]): from is readonly Each[] {
  return Array.isArray(from);
}
