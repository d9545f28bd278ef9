import type { Probe } from './model/probe.ts';

/**
 * Finds out what can be done between two places, by trying it on scratch files, which it removes. Both may
 * be a file, a directory, or a path that does not exist yet: then the nearest directory that does is used.
 * Where no file can be created beside the source, one that is there is read instead.
 *
 * @example
 * ```ts
 * const { reflink, method } = await probe('public', 'dist');
 * console.log(reflink.supported ? 'clones' : `copies by ${method}, no clones: ${reflink.code}`);
 * ```
 *
 * @throws {TypeError} for an argument that is no path
 */
export async function probe(source: string, destination: string): Promise<Probe> {
  const { tryAbilities } = await import('./try-abilities.ts');
  return tryAbilities(source, destination);
}
