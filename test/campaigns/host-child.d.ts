/** Which files are copied where: those of `public`, and those of each target's `from`, below `to`. */
export interface HostProject {
  targets: { from: string; to: string }[];
  /** There is a second output in the first one (Rollup and Rolldown). */
  nested: boolean;
}

/**
 * Builds a project once into `dist`, by the bundler's name. Files are copied by our plugin if it `copies`, otherwise by what
 * the bundler has for that, or a script.
 */
export const hosts: Record<string, (root: string, project: HostProject, copies: boolean) => Promise<void>>;

/** The name of the bundle in an output. */
export const BUNDLE: string;
/** A project as our plugin takes it. */
export function options(project: HostProject): import('unplugin-reflink').Options;
/** Of webpack and Rspack. */
export function configOf(root: string, plugins: unknown[]): object;
/** A logger of Vite's. */
export const silent: import('vite').Logger;
