import { ENOTSUP, EXDEV } from '../errno.ts';
import type { Strategy, Transfer } from '../system.ts';
import type { Bindings } from './bindings.ts';
import { constants as C, layouts } from './constants.ts';
import { classifyClone } from './errors.ts';
import { isSparse, setSize, setSparse } from './sparse.ts';
import { writeLong } from './status.ts';
import type { WindowsDirectory } from './volume.ts';

/** Bytes per call: has to be below 4 GiB and a multiple of every cluster size. */
const CHUNK = 2 * 1024 ** 3;
/** The default cluster size of ReFS (the other one is 64 KiB), for servers that do not report it. */
const USUAL_CLUSTER = 4096;

const { DUPLICATE_EXTENTS_DATA: EXTENTS } = layouts;
const { FSCTL_GET_INTEGRITY_INFORMATION_BUFFER: INTEGRITY } = layouts;
const { FSCTL_SET_INTEGRITY_INFORMATION_BUFFER: WANTED_INTEGRITY } = layouts;

/** Shares the source's blocks: works on ReFS and Dev Drives, within one volume. */
export function duplicateExtents(bindings: Bindings): Strategy {
  return {
    method: 'duplicate_extents',
    syscall: 'DeviceIoControl(FSCTL_DUPLICATE_EXTENTS_TO_FILE)',
    clones: true,
    classify: classifyClone,
    run(transfer) {
      const { volume } = transfer.destinationDirectory as WindowsDirectory;
      if (!volume.clones) return -ENOTSUP;
      if (transfer.status.device !== volume.serial) return -EXDEV;
      return clone(bindings, transfer);
    },
  };
}

function clone(bindings: Bindings, transfer: Transfer): number {
  const { source, destination, status } = transfer;
  // In a file that is not sparse, the blocks that are to be shared would be allocated first, and a sparse source is
  // refused.
  const sparse = setSparse(bindings, destination, true);
  if (sparse < 0) return sparse;
  const cluster = matchIntegrity(bindings, source, destination);
  if (cluster < 0) return cluster;
  const sized = setSize(bindings, destination, status.size);
  if (sized < 0) return sized;
  const shared = share(bindings, transfer, cluster || USUAL_CLUSTER);
  if (shared >= 0 && !isSparse(bindings, transfer)) setSparse(bindings, destination, false);
  return shared;
}

function share(
  bindings: Bindings,
  { source, destination, status, progress }: Transfer,
  cluster: number,
): number {
  const { size } = status;
  const extents = new Uint32Array(EXTENTS.size / 4);
  extents[EXTENTS.FileHandle / 4] = source;
  for (let done = 0; done < size; done += CHUNK) {
    const length = Math.min(Math.ceil((size - done) / cluster) * cluster, CHUNK);
    writeLong(extents, EXTENTS.SourceFileOffset, done);
    writeLong(extents, EXTENTS.TargetFileOffset, done);
    writeLong(extents, EXTENTS.ByteCount, length);
    const code = C.FSCTL_DUPLICATE_EXTENTS_TO_FILE;
    const result = bindings.deviceIoControl(destination, code, extents, EXTENTS.size, null, 0);
    if (result < 0) return result;
    progress(Math.min(done + length, size));
  }
  return size;
}

/**
 * Gives the empty destination the checksum settings of the source: files with different settings cannot share blocks.
 * Returns the bytes of a cluster, 0 if the filesystem does not report them, or a negative error number.
 */
function matchIntegrity(bindings: Bindings, source: number, destination: number): number {
  const wanted = integrityOf(bindings, source);
  const present = integrityOf(bindings, destination);
  if (!wanted || !present) return 0;
  const cluster = wanted[INTEGRITY.ClusterSizeInBytes / 4]!;
  if (wanted[0] === present[0] && wanted[1] === present[1]) return cluster;
  // The first two fields, algorithm and flags, have the layout of the structure that sets them.
  const code = C.FSCTL_SET_INTEGRITY_INFORMATION;
  const result = bindings.deviceIoControl(destination, code, wanted, WANTED_INTEGRITY.size, null, 0);
  return result < 0 ? result : cluster;
}

function integrityOf(bindings: Bindings, handle: number): Uint32Array | undefined {
  const integrity = new Uint32Array(INTEGRITY.size / 4);
  const code = C.FSCTL_GET_INTEGRITY_INFORMATION;
  const result = bindings.deviceIoControl(handle, code, null, 0, integrity, INTEGRITY.size);
  return result < 0 ? undefined : integrity;
}
