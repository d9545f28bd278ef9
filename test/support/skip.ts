/** Why a test of Linux is skipped; undefined where it runs. */
export const notLinux: string | undefined = process.platform === 'linux' ? undefined : 'it needs Linux';

/** Why a test that only root can run is skipped; undefined where it runs. */
export const notRoot: string | undefined = process.getuid?.() === 0 ? undefined : 'it needs root';

/** The title of what is skipped if there is a reason to, which it then ends with. */
export function orSkipped(title: string, reason: string | undefined): string {
  return reason === undefined ? title : `${title} (skipped: ${reason})`;
}
