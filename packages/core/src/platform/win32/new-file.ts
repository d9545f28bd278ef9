import { COARSEST_SECONDS, FileStatus, MODE, MODIFIED, SIZE } from '../status.ts';
import { ANY_DEVICE, COPIED_NEW, type CopyNewFile, NOT_COPIED } from '../system.ts';
import type { Bindings } from './bindings.ts';
import {
  constants as C,
  CREATE_ACCESS,
  CREATE_SHARE,
  layouts,
  NOT_FOLLOWED,
  SHARE_ALL,
} from './constants.ts';
import { unlink } from './names.ts';
import { rawStatus, readRaw, readStatus } from './status.ts';
import { hasOnlyBytes, SMALL_FILE } from './strategies.ts';
import type { Volume, WindowsDirectory } from './volume.ts';

const { FILE_BASIC_INFO: BASIC, FILE_STANDARD_INFO: STANDARD } = layouts;
const ATTRIBUTES = BASIC.FileAttributes / 4;
const CREATED = BASIC.CreationTime / 4;
const WRITTEN = BASIC.LastWriteTime / 4;
const CHANGED = BASIC.ChangeTime / 4;
const LENGTH = STANDARD.EndOfFile / 4;

/** An entry with one of these attributes needs more than bytes and times, or is not a regular file. */
const UNUSUAL =
  C.FILE_ATTRIBUTE_READONLY |
  C.FILE_ATTRIBUTE_DIRECTORY |
  C.FILE_ATTRIBUTE_SPARSE_FILE |
  C.FILE_ATTRIBUTE_REPARSE_POINT;

/**
 * The fast path for a small regular file on a volume that cannot clone: makes the calls of a copy by read and write,
 * as the careful path does, in one function that allocates only the two paths and reports no error. If anything is
 * unexpected, it undoes its work and leaves the file to the careful path. It also leaves files that are cloned or
 * copied by CopyFileExW: either takes a dozen calls, so the overhead of the careful path matters little.
 */
export function copyNewFile(bindings: Bindings): CopyNewFile {
  const { createFile, closeHandle, readFile, writeFile, setFileInformation } = bindings;
  const raw = rawStatus();
  const now = rawStatus();
  const { basic, standard } = raw;
  const { basic: basicNow, standard: standardNow } = now;
  const buffer = Buffer.allocUnsafeSlow(SMALL_FILE);

  /** Closes the new file, and deletes it unless another process has replaced it. */
  const undo = (file: string, output: number, volume: Volume): void => {
    const [made, standing] = [new FileStatus(), new FileStatus()];
    const found = createFile(file, C.FILE_READ_ATTRIBUTES, SHARE_ALL, C.OPEN_EXISTING, NOT_FOLLOWED);
    const isOurs =
      found >= 0 &&
      readStatus(bindings, output, volume, made) >= 0 &&
      readStatus(bindings, found, volume, standing) >= 0 &&
      made.isSameFile(standing);
    if (found >= 0) closeHandle(found);
    // Windows keeps the name of a deleted file until it is closed.
    closeHandle(output);
    if (isOurs) unlink(bindings, file);
  };

  return (from, name, to, as, limit, device, mayClone, _options, source, destination) => {
    const { prefix, volume } = from as WindowsDirectory;
    if ((mayClone && volume.clones) || (device !== ANY_DEVICE && volume.serial !== device)) return NOT_COPIED;
    const input = createFile(prefix + name, C.GENERIC_READ, SHARE_ALL, C.OPEN_EXISTING, NOT_FOLLOWED);
    if (input < 0) return NOT_COPIED;
    const before = source.words;
    const copied = destination.words;
    let result: ReturnType<CopyNewFile> = NOT_COPIED;
    if (
      readStatus(bindings, input, volume, source, raw) >= 0 &&
      (basic[ATTRIBUTES]! & UNUSUAL) === 0 &&
      standard[LENGTH + 1] === 0 &&
      standard[LENGTH]! > 0 &&
      standard[LENGTH]! < SMALL_FILE &&
      standard[LENGTH]! <= limit &&
      hasOnlyBytes(bindings, input, basic[ATTRIBUTES]!)
    ) {
      const size = standard[LENGTH]!;
      const { prefix: above, volume: target } = to as WindowsDirectory;
      const file = above + as;
      const output = createFile(file, CREATE_ACCESS, CREATE_SHARE, C.CREATE_NEW, C.FILE_ATTRIBUTE_NORMAL);
      if (output >= 0) {
        if (
          readFile(input, buffer, SMALL_FILE) === size &&
          writeFile(output, buffer, size) === size &&
          readRaw(bindings, input, now) >= 0 &&
          standardNow[LENGTH] === standard[LENGTH] &&
          standardNow[LENGTH + 1] === 0 &&
          basicNow[WRITTEN] === basic[WRITTEN] &&
          basicNow[WRITTEN + 1] === basic[WRITTEN + 1] &&
          basicNow[CHANGED] === basic[CHANGED] &&
          basicNow[CHANGED + 1] === basic[CHANGED + 1]
        ) {
          // A field that is 0 stays unchanged: only the times of access and modification are set.
          basic[CREATED] = 0;
          basic[CREATED + 1] = 0;
          basic[CHANGED] = 0;
          basic[CHANGED + 1] = 0;
          basic[ATTRIBUTES] = 0;
          // The times are set last, so that an interrupted copy never has its source's.
          if (
            setFileInformation(output, C.FileBasicInfo, basic, BASIC.size) >= 0 &&
            readStatus(bindings, output, target, destination) >= 0 &&
            copied[SIZE] === size &&
            copied[SIZE + 1] === 0 &&
            copied[MODE] === before[MODE] &&
            Math.abs(copied[MODIFIED]! - before[MODIFIED]!) <= COARSEST_SECONDS
          )
            result = COPIED_NEW;
        }
        if (result === NOT_COPIED) undo(file, output, target);
        else closeHandle(output);
      }
    }
    closeHandle(input);
    return result;
  };
}
