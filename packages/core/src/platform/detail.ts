/**
 * The native systems are built into separate files, each with its own copy of this module. All copies in a thread
 * share the object under this key.
 */
const KEY = Symbol.for('fs-reflink.windows-error');
const store = globalThis as { [KEY]?: { errno: number; code: number } };
const last = (store[KEY] ??= { errno: 0, code: 0 });

/** Explanations of Windows errors, by number. */
const HINTS: Record<number, string> = {
  123: 'Windows does not allow this name: it is too long, or has a control character or one of < > : " | ? *',
  1314: 'creating symbolic links takes Developer Mode or SeCreateSymbolicLinkPrivilege',
};

/** Remembers the Windows error that became an error number, because several Windows errors become the same number. */
export function noteWindowsError(errno: number, code: number): void {
  last.errno = errno;
  last.code = code;
}

/** Describes the Windows error behind `errno`, if `errno` was the last one noted. Returns it once, then undefined. */
export function windowsErrorBehind(errno: number): string | undefined {
  if (errno !== last.errno) return undefined;
  last.errno = 0;
  const hint = HINTS[last.code];
  return `Windows error ${last.code}${hint ? `: ${hint}` : ''}`;
}
