import { existsSync, lstatSync, lutimesSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Options } from 'unplugin-reflink';
import { afterEach, expect } from 'vitest';
import { readTree, type TreeSpec, writeTree } from '../support/trees.ts';
import { BUNDLE, type Expected, projectTree } from './cases.ts';

/** A project that an adapter builds: the entry is `main.js`, the output `dist`, with one file named `BUNDLE`. */
export interface Project {
  root: string;
  options: Options;
  /** Another entry makes another configuration of the bundler. */
  entry?: string;
  /** The bundler is not to empty the output, if it would. */
  keepsOutput?: boolean;
}

export interface HostOutcome {
  /** Absolute path of the output directory. */
  outDir: string;
  warnings: string[];
  /** What the build failed with; empty when it did not. */
  errors: string[];
  /** What else was said. */
  log: string[];
}

/** One bundler, as the table of cases uses it. */
export interface Host {
  name: string;
  /** The host as messages name it. */
  id: string;
  /** Makes the plugin and throws it away. */
  create(options: Options): unknown;
  /** Builds once with the plugin, in this process; never rejects. */
  build(project: Project): Promise<HostOutcome>;
}

const made: string[] = [];

afterEach(() => {
  for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true });
});

/** No file that a test writes has it: what carries it was copied by us, with its time. */
export const LONG_AGO = new Date('2001-02-03T04:05:06.789Z');

export function makeProject(tree: TreeSpec = {}, old: TreeSpec = {}): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'reflink-host-')));
  made.push(root);
  writeTree(root, { ...projectTree, ...tree });
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true }))
    lutimesSync(join(entry.parentPath, entry.name), LONG_AGO, LONG_AGO);
  if (Object.keys(old).length > 0) writeTree(join(root, 'dist'), old);
  return root;
}

/** A directory that lies outside of a project, and is not there yet. */
export function outsideOf(root: string): string {
  const outside = `${root}-outside`;
  made.push(outside);
  return outside;
}

/** Which file it is, and when it was last touched in any way. */
export function identityOf(path: string): string {
  const { ino, ctimeNs } = lstatSync(path, { bigint: true });
  return `${ino} ${ctimeNs}`;
}

/** All of an output has to be there, and nothing else; the bundle counts only where it is asked about. */
export function expectOutput(root: string, outDir: string, expected: Record<string, Expected>): void {
  const found = existsSync(outDir) ? readTree(outDir) : {};
  if (!(BUNDLE in expected)) delete found[BUNDLE];
  const paths = new Set(Object.keys(expected));
  for (const path of Object.keys(expected)) {
    for (let above = dirname(path); above !== '.'; above = dirname(above)) paths.add(above);
  }
  expect(Object.keys(found).sort()).toEqual([...paths].sort());
  const sources = readTree(root);
  for (const [path, each] of Object.entries(expected)) expectEntry(sources, found[path]!, path, each);
}

/** Checks single paths of a project. */
export function expectPaths(root: string, expected: Record<string, Expected>): void {
  const found = readTree(root);
  for (const [path, each] of Object.entries(expected)) expectEntry(found, found[path]!, path, each);
}

type Found = ReturnType<typeof readTree>[string];

function expectEntry(sources: Record<string, Found>, found: Found, path: string, expected: Expected): void {
  if (expected === '/') {
    expect(found, path).toMatchObject({ type: 'directory' });
  } else if (typeof expected === 'string') {
    const { mode, mtimeNs, size, sha256 } = sources[expected]!;
    expect(found, path).toEqual({ type: 'file', mode, mtimeNs, size, sha256 });
  } else if ('link' in expected) {
    expect(found, path).toMatchObject({ type: 'symlink', target: expected.link });
  } else if ('bundle' in expected) {
    expect(found.type, path).toBe('file');
    expect(found.size, path).toBeGreaterThan(10);
    expect(Number(found.mtimeNs / 1_000_000n), path).toBeGreaterThan(LONG_AGO.getTime() + 1);
  } else {
    const content = 'written' in expected ? expected.written : expected.old;
    const scratch = writeTree(mkdtempSync(join(tmpdir(), 'reflink-expected-')), { file: content });
    made.push(scratch);
    expect(found.sha256, path).toBe(readTree(scratch).file!.sha256);
    if ('old' in expected) return;
    expect(found.mode, path).toBe(expected.mode ?? 0o644);
    expect(Number(found.mtimeNs / 1_000_000n), path).toBeGreaterThan(LONG_AGO.getTime() + 1);
  }
}
