import path from 'node:path';
import type { ResolvedConfig } from 'vite';

type BuildOptions = ResolvedConfig['build'];

/** The output directories as Vite determines them: each output's own `dir`, or the environment's `outDir`. */
export function outDirsOf(root: string, build: BuildOptions): string[] {
  return [...new Set(outDirOfEach(root, build))];
}

/** The directory of each output. Several outputs may have the same one. */
export function outDirOfEach(root: string, build: BuildOptions): string[] {
  const options = ('rolldownOptions' in build && build.rolldownOptions) || build.rollupOptions;
  const outputs = options.output ?? {};
  const outDir = path.resolve(root, build.outDir);
  const list = Array.isArray(outputs) ? outputs : formatsOf(build).map(() => outputs);
  return list.map(({ dir }) => (dir ? path.resolve(root, dir) : outDir));
}

/** Whether Vite by default empties outputs: it compares the paths like this, with forward slashes on Windows too. */
export function areInProject(root: string, outDirs: readonly string[]): boolean {
  const start = root.endsWith('/') ? root : `${root}/`;
  return outDirs.every((each) => each.replaceAll(path.sep, '/').startsWith(start));
}

/** One element for each output, if the config has no array of outputs: a library has one for each of its formats. */
function formatsOf({ lib }: BuildOptions): readonly unknown[] {
  if (!lib) return [undefined];
  // Without the option there are two formats. Which ones they are depends on the entries.
  return lib.formats ?? [undefined, undefined];
}
