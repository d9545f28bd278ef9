import { randomFillSync } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';

const KIB = 1024;
const MIB = 1024 * KIB;
const SMALL = { folders: 16, perFolder: 32, sizes: [1, 4, 16, 43].map((size) => size * KIB) };
const LARGE = { files: 3, size: 19 * MIB };
const SMALL_FILES = SMALL.folders * SMALL.perFolder;

/** What {@link generate} writes. */
export const GENERATED: { files: number; bytes: number } = {
  files: SMALL_FILES + LARGE.files,
  bytes:
    (SMALL_FILES / SMALL.sizes.length) * SMALL.sizes.reduce((sum, size) => sum + size, 0) +
    LARGE.files * LARGE.size,
};

/** Generates many small files and some large ones, of random bytes, so that nothing can be compressed or skipped. */
export async function generate(root: string, signal: AbortSignal): Promise<void> {
  const block = randomFillSync(Buffer.allocUnsafe(MIB));
  for (let folder = 0; folder < SMALL.folders; folder++) {
    const directory = path.join(root, `folder-${folder}`);
    fs.mkdirSync(directory, { recursive: true });
    for (let file = 0; file < SMALL.perFolder; file++) {
      const size = SMALL.sizes[file % SMALL.sizes.length]!;
      fs.writeFileSync(path.join(directory, `small-${file}`), block.subarray(0, size));
    }
    await nextTurn(undefined, { signal });
  }
  for (let file = 0; file < LARGE.files; file++) {
    const fd = fs.openSync(path.join(root, `large-${file}`), 'wx');
    try {
      for (let written = 0; written < LARGE.size; written += MIB) {
        fs.writeSync(fd, block);
        await nextTurn(undefined, { signal });
      }
    } finally {
      fs.closeSync(fd);
    }
  }
}
