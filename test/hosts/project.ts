import { existsSync, lstatSync, lutimesSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Options } from 'unplugin-reflink';
import { expect, onTestFinished } from 'vitest';
import { readTree, type TreeSpec, writeTree } from '../support/trees.ts';
import { BUNDLE, type Expected, projectTree } from './cases.ts';

/** A project that an adapter builds. The entry is `main.js`, and the output `dist` gets one file named `BUNDLE`. */
export interface Project {
  root: string;
  options: Options;
  /** Another entry is another configuration of the bundler. */
  entry?: string;
  /** Whether to tell the bundler not to empty the output. */
  keepsOutput?: boolean;
}

export interface HostOutcome {
  /** Absolute path of the output directory. */
  outDir: string;
  warnings: string[];
  /** The errors with which the build failed. Empty if it succeeded. */
  errors: string[];
  /** Other messages. */
  log: string[];
}

/** One bundler, in the form that the table of cases uses. */
export interface Host {
  name: string;
  /** The name of the host in messages. */
  id: string;
  /** Only creates the plugin. */
  create(options: Options): unknown;
  /** Builds once with the plugin, in this process. Never rejects. */
  build(project: Project): Promise<HostOutcome>;
}

/** A time that no file has that a test writes now. A file in an output that has it was copied with its time. */
export const LONG_AGO = new Date('2001-02-03T04:05:06.789Z');

export function makeProject(tree: TreeSpec = {}, old: TreeSpec = {}): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'reflink-host-')));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  writeTree(root, { ...projectTree, ...tree });
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true }))
    lutimesSync(join(entry.parentPath, entry.name), LONG_AGO, LONG_AGO);
  if (Object.keys(old).length > 0) writeTree(join(root, 'dist'), old);
  return root;
}

/** A directory outside a project that does not exist yet. */
export function outsideOf(root: string): string {
  const outside = `${root}-outside`;
  onTestFinished(() => rmSync(outside, { recursive: true, force: true }));
  return outside;
}

/** Identifies a file and its last change, also of attributes. */
export function identityOf(path: string): string {
  const { ino, ctimeNs } = lstatSync(path, { bigint: true });
  return `${ino} ${ctimeNs}`;
}

/** Expects an output to have exactly these files. The bundle counts only if `expected` names it. */
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
    onTestFinished(() => rmSync(scratch, { recursive: true, force: true }));
    expect(found.sha256, path).toBe(readTree(scratch).file!.sha256);
    if ('old' in expected) return;
    expect(found.mode, path).toBe(expected.mode ?? 0o644);
    expect(Number(found.mtimeNs / 1_000_000n), path).toBeGreaterThan(LONG_AGO.getTime() + 1);
  }
}
