let lastErrno = 0;
let lastCode = 0;

/** What a number alone does not tell. */
const HINTS: Record<number, string> = {
  1314: 'creating symbolic links takes Developer Mode or SeCreateSymbolicLinkPrivilege',
};

/** Keeps the Windows error behind an error number: several of them have the same one. */
export function noteWindowsError(errno: number, code: number): void {
  lastErrno = errno;
  lastCode = code;
}

/** The Windows error behind the last error number, if that was this one. Returned once. */
export function windowsErrorBehind(errno: number): string | undefined {
  if (errno !== lastErrno) return undefined;
  lastErrno = 0;
  const hint = HINTS[lastCode];
  return `Windows error ${lastCode}${hint ? `: ${hint}` : ''}`;
}
