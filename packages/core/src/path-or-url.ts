import { fileURLToPath } from 'node:url';

/** Converts a `file:` URL to its path. Returns a path unchanged. */
export function toPath(given: string | URL): string {
  return typeof given === 'string' ? given : fileURLToPath(given);
}

/** Whether a value is the URL of a file on this machine. */
export function isFileUrl(value: unknown): value is URL {
  if (!(value instanceof URL)) return false;
  try {
    return !fileURLToPath(value).includes('\0');
  } catch {
    return false;
  }
}
