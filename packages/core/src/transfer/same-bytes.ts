import type { Directory, System } from '../platform/system.ts';

/** Bytes per read, a multiple of what direct I/O is aligned to. */
const CHUNK = 1024 * 1024;

/**
 * Whether the first `size` bytes of a copy are those that its open source has now. Calls `check` before each part; it
 * throws if the copy was aborted. A file that cannot be read again counts as different.
 */
export function hasSameBytes(
  system: System,
  source: number,
  copy: { directory: Directory; name: string },
  size: number,
  check: () => void,
): boolean {
  const fd = system.openSource(copy.directory, copy.name, false);
  if (fd < 0) return false;
  try {
    const [ours, theirs] = [Buffer.allocUnsafeSlow(CHUNK), Buffer.allocUnsafeSlow(CHUNK)];
    for (let position = 0; position < size; ) {
      check();
      const got = Math.min(system.read(source, theirs, position), system.read(fd, ours, position));
      if (got <= 0 || theirs.compare(ours, 0, got, 0, got) !== 0) return false;
      position += got;
    }
    return true;
  } finally {
    system.close(fd);
  }
}
