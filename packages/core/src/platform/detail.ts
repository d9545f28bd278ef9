/** A lane is built into a file of its own, with its own copy of this module: all copies in a thread share it. */
const KEY = Symbol.for('fs-reflink.windows-error');
const store = globalThis as { [KEY]?: { errno: number; code: number } };
const last = (store[KEY] ??= { errno: 0, code: 0 });

/** What a number alone does not tell. */
const HINTS: Record<number, string> = {
  1314: 'creating symbolic links takes Developer Mode or SeCreateSymbolicLinkPrivilege',
};

/** Keeps the Windows error behind an error number: several of them have the same one. */
export function noteWindowsError(errno: number, code: number): void {
  last.errno = errno;
  last.code = code;
}

/** The Windows error behind the last error number, if that was this one. Returned once. */
export function windowsErrorBehind(errno: number): string | undefined {
  if (errno !== last.errno) return undefined;
  last.errno = 0;
  const hint = HINTS[last.code];
  return `Windows error ${last.code}${hint ? `: ${hint}` : ''}`;
}
