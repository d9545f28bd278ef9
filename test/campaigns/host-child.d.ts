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
