import type { Probe } from './model/probe.ts';

/**
 * Tries what is possible between two places, with small files that it deletes again. Both may be a file, a directory,
 * or a path that does not exist yet: then it uses the nearest directory that exists. If it cannot create a file
 * beside the source, it reads one that is there.
 *
 * @example
 * ```ts
 * const { reflink, method } = await probe('public', 'dist');
 * console.log(reflink.supported ? 'clones' : `copies by ${method}, no clones: ${reflink.code}`);
 * ```
 *
 * @throws {TypeError} for an argument that is not a path
 * @throws {CopyError} if this process may not read one of the paths
 */
export async function probe(source: string, destination: string): Promise<Probe> {
  const { tryAbilities } = await import('./try-abilities.ts');
  return tryAbilities(source, destination);
}
