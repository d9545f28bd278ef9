/** Which files are copied where: those of `public`, and those of each target's `from`, to its `to`. */
export interface HostProject {
  targets: { from: string; to: string }[];
  /** Whether there is a second output inside the first one (Rollup and Rolldown). */
  nested: boolean;
}

/**
 * Functions that build a project once to `dist`, by the name of the bundler. If `copies` is true, this plugin copies
 * the files; otherwise the bundler's own means or a script.
 */
export const hosts: Record<string, (root: string, project: HostProject, copies: boolean) => Promise<void>>;

/** The file name of the bundle in an output. */
export const BUNDLE: string;
/** The options of this plugin for a project. */
export function options(project: HostProject): import('unplugin-reflink').Options;
/** The configuration of webpack and Rspack. */
export function configOf(root: string, plugins: unknown[]): object;
/** A Vite logger that logs nothing. */
export const silent: import('vite').Logger;
