import path from 'node:path';
import type { ResolvedOptions } from '../options/options.ts';
import { hashOf, indexFile, readCached, wasCopied, writeCached } from './cache.ts';

/** One instance of the plugin in one of the bundler's configurations. */
export interface Instance {
  host: string;
  /** What distinguishes this configuration of the bundler from others, and the instance from others in it. */
  configuration: unknown;
  /** What the instance copies. */
  targets: unknown;
}

/** The record of what an instance has copied into one output directory. */
export interface ClaimedRecord {
  /** The directory of the manifest. */
  cacheDirectory: string;
  /** Directories of manifests that no configuration owns any more. The files that they name are stale. */
  orphaned: string[];
  /** Call this when the build ends. */
  release(): void;
}

interface IndexedRecord {
  id: string;
  host: string;
  /** Hashes of the configurations that own the record. There are several if they copy the same. */
  configurations: string[];
  /** Hash of the targets that were copied last. */
  targets: string;
}

/** The records that builds of this process use: by how many builds, and with which functions in the targets. */
const claims = new Map<string, { count: number; functions: readonly unknown[] }>();

/**
 * Finds the record of an instance: the one with the same targets or, after an edit of the targets, the one of the
 * same configuration. So an instance finds what its old targets have copied, and never takes the files of another
 * configuration for its own. With `dryRun` the index is not changed.
 */
export function claimRecord(
  { host, configuration, targets }: Instance,
  cacheDirectory: string,
  directory: string,
  { dryRun, assets }: Pick<ResolvedOptions, 'dryRun' | 'assets'>,
): ClaimedRecord {
  const file = indexFile(cacheDirectory, directory);
  const before = read(file);
  const all = structuredClone(before);
  const records = all.filter((each) => each.host === host);
  const owner = hashOf(describe(configuration).text);
  // The imported files of a configuration are known only when it is built, so no other configuration shares its
  // record.
  const { text, functions } = describe(assets ? [targets, configuration] : targets);
  const content = hashOf(text);
  const keyOf = ({ id }: IndexedRecord) => path.join(file, id);
  const owns = ({ configurations }: IndexedRecord) => configurations.includes(owner);
  const copiesTheSame = (record: IndexedRecord): boolean => {
    if (record.targets !== content) return false;
    const claim = claims.get(keyOf(record));
    // Functions with the same text may do different things.
    if (claim) return functions.every((each, position) => each === claim.functions[position]);
    return owns(record) || functions.length === 0;
  };

  const same = records.filter(copiesTheSame);
  let found = same.find(owns) ?? same[0];
  const joins = found !== undefined && !owns(found);
  found ??= records.find(
    (each) => owns(each) && each.configurations.length === 1 && !claims.has(keyOf(each)),
  );
  if (!found) {
    // The id does not depend on the targets. Another process that writes the index at the same time may leave this record
    // out. Then the id finds it again, also after an edit of the targets.
    found = { id: newId(`${host} ${owner}`, all), host, configurations: [], targets: content };
    all.push(found);
  }
  // Records that the configuration shared with others stay theirs.
  const left = records.filter((each) => each !== found && owns(each) && !claims.has(keyOf(each)));
  for (const each of left)
    if (joins || each.configurations.length > 1)
      each.configurations = each.configurations.filter((other) => other !== owner);
  if (!owns(found)) found.configurations.push(owner);
  found.targets = content;
  const orphans = all.filter(({ configurations }) => configurations.length === 0);
  const kept = all.filter(({ configurations }) => configurations.length > 0);
  if (!dryRun && JSON.stringify(kept) !== JSON.stringify(before)) writeCached(file, kept);

  const key = keyOf(found);
  claims.set(key, { count: (claims.get(key)?.count ?? 0) + 1, functions });
  let isClaimed = true;
  return {
    cacheDirectory: path.join(cacheDirectory, found.id),
    orphaned: orphans.map(({ id }) => path.join(cacheDirectory, id)),
    release() {
      const claim = claims.get(key);
      if (!isClaimed || !claim) return;
      isClaimed = false;
      if (--claim.count === 0) claims.delete(key);
    },
  };
}

/** Whether an earlier build of the same configuration may have copied something into an output directory. */
export function isRecorded(
  { host, configuration }: Omit<Instance, 'targets'>,
  cacheDirectory: string,
  directory: string,
): boolean {
  const owner = hashOf(describe(configuration).text);
  const records = read(indexFile(cacheDirectory, directory));
  const owned = records.filter((each) => each.host === host && each.configurations.includes(owner));
  // Another process may have left the record out of the index.
  const ids = [...owned.map(({ id }) => id), newId(`${host} ${owner}`, records)];
  return ids.some((id) => wasCopied(path.join(cacheDirectory, id), directory));
}

/** A text that is the same for the same value in every process, and the functions in the value. */
function describe(value: unknown): { text: string; functions: unknown[] } {
  const functions: unknown[] = [];
  const text = JSON.stringify(value, (_key, each) => {
    if (typeof each !== 'function') return each;
    functions.push(each);
    return String(each);
  });
  return { text: text ?? '', functions };
}

function newId(text: string, records: readonly IndexedRecord[]): string {
  for (let number = 0; ; number++) {
    const id = hashOf(`${text} ${number}`);
    if (!records.some((each) => each.id === id)) return id;
  }
}

/** If the index is missing or damaged, nothing is known, so nothing is deleted. */
function read(file: string): IndexedRecord[] {
  const records = readCached(file);
  return Array.isArray(records) ? records : [];
}
