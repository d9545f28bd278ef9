import fs from 'node:fs';
import path from 'node:path';
import type { AssetInfo, Compilation, sources } from 'webpack';
import { relativeName } from '../../targets/targets.ts';

/** A name with webpack's placeholders, or a function that returns one for the same data. */
export type Template =
  | string
  | Extract<Parameters<Compilation['getPathWithInfo']>[0], (...args: never) => unknown>;

/** The same pattern by which webpack recognizes placeholders. `[\name\]` is an escaped `[name]`. */
const PLACEHOLDER = /\[\\*([\w:]+)\\*\]/i;

export function isTemplate(name: unknown): name is string {
  return typeof name === 'string' && PLACEHOLDER.test(name);
}

/** Whether a name has placeholders other than those that are part of the path it was made from. */
export function hasOtherPlaceholders(name: unknown, path: string): boolean {
  if (!isTemplate(name)) return false;
  return [...name.matchAll(new RegExp(PLACEHOLDER, 'gi'))].some(([found]) => !path.includes(found));
}

/** The data that a name is made from. */
export interface Named {
  /** The path that the file has below the target's `to` if it is not renamed, with forward slashes. */
  below: string;
  /** Absolute path of the file. */
  file: string;
  /** The source of the asset that gets the name. */
  source: sources.Source;
  /** The result of the target's transform, or the path in a link. Undefined for other files. */
  content: Buffer | undefined;
}

/** Hashes of contents. An unchanged file has the same source object in the next build. */
const hashes = new WeakMap<sources.Source, string>();

/** Fills in a template as webpack does for files that it copies. Reads the file, in pieces, only to hash it. */
export async function interpolate(
  template: Template,
  named: Named,
  compilation: Compilation,
): Promise<{ path: string; info: AssetInfo }> {
  const { below, file, source } = named;
  const asksForHash = typeof template === 'function' || template.includes('hash');
  let contentHash = asksForHash ? hashes.get(source) : undefined;
  if (asksForHash && contentHash === undefined)
    hashes.set(source, (contentHash = await hashOf(compilation, named)));
  const id = relativeName(compilation.compiler.context, file);
  const name = path.posix.parse(below).name;
  return compilation.getPathWithInfo(template, {
    filename: below,
    ...(contentHash !== undefined && { contentHash, chunk: { name, id, hash: contentHash } }),
  });
}

async function hashOf(compilation: Compilation, { file, content }: Named): Promise<string> {
  const { hashDigest, hashDigestLength, hashFunction, hashSalt } = compilation.outputOptions;
  const hash = compilation.compiler.webpack.util.createHash(hashFunction!);
  if (hashSalt) hash.update(hashSalt);
  if (content) hash.update(content);
  else
    for await (const piece of fs.createReadStream(file, { highWaterMark: 1024 * 1024 })) hash.update(piece);
  return String(hash.digest(hashDigest)).slice(0, hashDigestLength);
}
