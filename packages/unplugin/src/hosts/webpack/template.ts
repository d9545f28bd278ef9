import fs from 'node:fs';
import path from 'node:path';
import type { AssetInfo, Compilation, sources } from 'webpack';
import { relativeName } from '../../targets/targets.ts';

/** A name with webpack's placeholders, or a function of the same data. */
export type Template =
  | string
  | Extract<Parameters<Compilation['getPathWithInfo']>[0], (...args: never) => unknown>;

/** As webpack tells templates from names; `[\name\]` stands for itself. */
const PLACEHOLDER = /\[\\*([\w:]+)\\*\]/i;

export function isTemplate(name: unknown): name is string {
  return typeof name === 'string' && PLACEHOLDER.test(name);
}

/** Whether a name is a template that was not made of a path by keeping what looks like placeholders in it. */
export function hasOtherPlaceholders(name: unknown, path: string): boolean {
  if (!isTemplate(name)) return false;
  return [...name.matchAll(new RegExp(PLACEHOLDER, 'gi'))].some(([found]) => !path.includes(found));
}

/** What a name is made of. */
export interface Named {
  /** Path below the directory that the structure is kept of, with forward slashes. */
  below: string;
  /** Absolute path. */
  file: string;
  /** What it is the name of. */
  source: sources.Source;
  /** What a transform made of the file. */
  content: Buffer | undefined;
}

/** The source of a file that did not change is the same one in the next build. */
const hashes = new WeakMap<sources.Source, string>();

/** Fills in a template as webpack does for files that it copies. The file is read a piece at a time. */
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
