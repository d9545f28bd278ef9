import { koffiType, prototypes } from '../../packages/core/src/platform/win32/bindings.ts';
import { constants, layouts } from '../../packages/core/src/platform/win32/constants.ts';
import { ERROR_MORE_DATA, WINDOWS_ERRORS } from '../../packages/core/src/platform/win32/errors.ts';
import { type Check, widths } from './check.ts';

/**
 * What mingw-w64 does not declare, restated from Microsoft's documentation of <winioctl.h>: wrong here means
 * wrong everywhere, so it is no more than what is needed.
 */
const RESTATED = `
typedef struct {
  HANDLE FileHandle;
  LARGE_INTEGER SourceFileOffset;
  LARGE_INTEGER TargetFileOffset;
  LARGE_INTEGER ByteCount;
} DUPLICATE_EXTENTS_DATA;
typedef struct {
  WORD ChecksumAlgorithm;
  WORD Reserved;
  DWORD Flags;
  DWORD ChecksumChunkSizeInBytes;
  DWORD ClusterSizeInBytes;
} FSCTL_GET_INTEGRITY_INFORMATION_BUFFER;
typedef struct {
  WORD ChecksumAlgorithm;
  WORD Reserved;
  DWORD Flags;
} FSCTL_SET_INTEGRITY_INFORMATION_BUFFER;
`;

const errors = Object.fromEntries(Object.entries(WINDOWS_ERRORS).map(([name, [code]]) => [name, code]));
const functions = { ...prototypes.kernel32, ...prototypes.ntdll };

const HEADERS = ['windows.h', 'winioctl.h', 'winternl.h'];

export const win32Checks: Check[] = ['x86_64', 'aarch64'].map(win32);

function win32(zig: string): Check {
  return {
    name: `Windows ${zig}`,
    target: `${zig}-windows-gnu`,
    includes: HEADERS,
    // The linker looks for it, and it is in a runtime that is left out.
    after: `${RESTATED}\nint _tls_index;`,
    constants: { ...constants, ...errors, ERROR_MORE_DATA },
    layouts: { ...layouts, ...widths(functions, koffiType) },
    prototypes: functions,
    callbacks: prototypes.callbacks,
    libraries: ['kernel32', 'ntdll'],
    absent: {
      PERSISTENT_VOLUME_STATE_DEV_VOLUME: 'it came with Windows 11 22H2; the value is from the documentation',
    },
  };
}
