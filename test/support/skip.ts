/** Why a test for Linux is skipped; undefined if it runs. */
export const notLinux: string | undefined = process.platform === 'linux' ? undefined : 'it needs Linux';

/** Why a test that needs root is skipped; undefined if it runs. */
export const notRoot: string | undefined = process.getuid?.() === 0 ? undefined : 'it needs root';

/** The title of a test. If there is a reason to skip it, the title ends with the reason. */
export function orSkipped(title: string, reason: string | undefined): string {
  return reason === undefined ? title : `${title} (skipped: ${reason})`;
}
