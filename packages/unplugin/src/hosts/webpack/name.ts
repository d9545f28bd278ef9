import fs from 'node:fs';
import type { Target } from 'fs-reflink';
import type { ListedFile } from 'fs-reflink/list';
import { transformed } from '../../output/transformed.ts';
import { pathBelow } from '../../targets/targets.ts';
import type { ListingContext, NamedFile, WebpackTarget } from './targets.ts';

/** Files at a time that functions of the user are called for, or that are read for a hash. */
const CONCURRENCY = 8;

/**
 * A target whose files the engine, which knows no templates, gives the names and contents that are found out here.
 * `seen` is what patterns of `output.copy` have named so far.
 */
export async function nameFiles(
  given: WebpackTarget,
  files: readonly ListedFile[],
  seen: Set<string>,
  { compilation, directory, watch }: ListingContext,
): Promise<WebpackTarget> {
  const { target, naming, pattern } = given;
  const { RawSource } = compilation.compiler.webpack.sources;
  const named = new Map<string, NamedFile>();
  const isNew = (kind: string, what: string) => {
    const key = `${pattern?.number} ${kind} ${what}`;
    return !pattern || (!seen.has(key) && seen.add(key));
  };
  const name = async (file: ListedFile) => {
    const below = pathBelow(target, directory, file.destination);
    const content = await contentOf(target, file, below);
    const source = content ? new RawSource(content) : watch.sourceOf(file.source);
    const { path, info } = naming
      ? await naming({ below, file: file.source, source, content }, compilation)
      : { path: undefined, info: {} };
    if (path !== undefined && !isNew('name', path))
      throw new Error(`multiple files of one pattern of output.copy are copied to '${path}'`);
    // As webpack writes assets: without a query.
    named.set(file.source, { name: path?.replace(/[?#].*$/s, ''), info, source });
  };
  // A file that one pattern names twice is copied once, to where the first of its paths puts it.
  const queue = files.filter(({ source }) => isNew('file', source)).values();
  const work = async () => {
    for (const file of queue) await name(file);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
  return {
    ...given,
    named,
    target: {
      ...target,
      ...(naming && {
        rename: (below: string, source: string) => named.get(source)?.name ?? below,
        filter: (_below: string, source: string) => named.has(source),
      }),
      ...(target.transform && {
        transform: (content: Buffer, file: { source: string; path: string }) =>
          named.get(file.source)?.source.buffer() ?? target.transform!(content, file),
      }),
    },
  };
}

/** The content that is copied, if it is not the file's own. */
function contentOf(
  target: Target<string>,
  { source, destination, link }: ListedFile,
  path: string,
): Promise<Buffer> | Buffer | undefined {
  if (link) return Buffer.from(fs.readlinkSync(source));
  return target.transform && transformed(target, { source, destination, path });
}
