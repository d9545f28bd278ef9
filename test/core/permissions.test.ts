import { chmodSync, chownSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cannotGiveUpRights } from '../support/other-user.ts';
import { directory, file, symlink, type TreeSpec, writeTree } from '../support/trees.ts';
import { asNobody, contentsOf, inProcess, workspace } from './support.ts';

interface Case {
  name: string;
  files: TreeSpec;
  from: string;
  to: string;
  /** The path that the error names, if it is not the given one. */
  source?: string;
  destination?: string;
}

/** Everything belongs to the user who copies, and is accessible unless a case forbids it. */
const cases: Case[] = [
  { name: 'an unreadable file', files: { 'in/a': file('a', { mode: 0o000 }) }, from: 'in/a', to: 'out/old' },
  {
    name: 'a file in a directory that may not be entered',
    files: { 'closed/a': 'a', closed: directory({ mode: 0o000 }) },
    from: 'closed/a',
    to: 'out/old',
  },
  {
    name: 'an unwritable directory',
    files: { 'shut/x': 'x', shut: directory({ mode: 0o555 }) },
    from: 'in/a',
    to: 'shut/b',
  },
  {
    name: 'a file to be replaced in an unwritable directory',
    files: { 'shut/x': 'x', shut: directory({ mode: 0o555 }) },
    from: 'in/a',
    to: 'shut/x',
  },
  {
    name: 'a directory to be made in an unwritable one',
    files: { 'shut/x': 'x', shut: directory({ mode: 0o555 }) },
    from: 'in/a',
    to: 'shut/new/b',
  },
];

const trees: Case[] = [
  {
    name: 'an unreadable file in a tree',
    files: { 'in/deep/secret': file('s', { mode: 0o000 }) },
    from: 'in',
    to: 'out',
    source: 'in/deep/secret',
    destination: 'out/deep/secret',
  },
  {
    name: 'an unreadable directory in a tree',
    files: { 'in/deep/closed/x': 'x', 'in/deep/closed': directory({ mode: 0o000 }) },
    from: 'in',
    to: 'out',
    source: 'in/deep/closed',
    destination: 'out/deep/closed',
  },
  {
    name: 'an unreadable directory that is named itself',
    files: { 'closed/x': 'x', closed: directory({ mode: 0o000 }) },
    from: 'closed',
    to: 'out',
  },
  {
    name: 'a directory, to a place in a directory that may not be entered,',
    files: { 'shut/x': 'x', shut: directory({ mode: 0o000 }) },
    from: 'in',
    to: 'shut/new',
  },
  {
    name: 'a glob below a directory that may not be entered',
    files: { 'closed/x': 'x', closed: directory({ mode: 0o000 }) },
    from: 'closed/*',
    to: 'out',
  },
  {
    name: 'a glob with a directory in braces below a directory that may not be entered',
    files: { 'closed/a/x': 'x', 'closed/a': directory(), closed: directory({ mode: 0o000 }) },
    from: 'closed/{a,b}/*',
    to: 'out',
  },
  {
    name: 'a glob below an unreadable directory',
    files: { 'in/closed/x': 'x', 'in/closed': directory({ mode: 0o111 }) },
    from: 'in/closed/*',
    to: 'out',
    source: 'in/closed',
    destination: 'out',
  },
  {
    name: 'a directory in a tree that can be listed and not searched',
    files: { 'in/deep/listed/x': 'x', 'in/deep/listed': directory({ mode: 0o444 }) },
    from: 'in',
    to: 'out',
    source: 'in/deep/listed/x',
    destination: 'out/deep/listed/x',
  },
  {
    name: 'an unwritable directory in the destination',
    files: { 'out/deep/x': 'x', 'out/deep': directory({ mode: 0o555 }), 'in/deep/b': 'b' },
    from: 'in',
    to: 'out',
    source: 'in/deep/b',
    destination: 'out/deep/b',
  },
  {
    name: 'an unwritable destination that a directory is missing in',
    files: { 'out/x': 'x', out: directory({ mode: 0o555 }) },
    from: 'in',
    to: 'out/new',
    source: 'in',
    destination: 'out/new',
  },
];

const lanes: Record<string, string> = {
  copyFile: 'return lib.copyFile(source, destination)',
  copyFileSync: 'return lib.copyFileSync(source, destination)',
  'copyFile without the native lane': 'return lib.copyFile(source, destination)',
};
const treeLanes: Record<string, string> = {
  copy: 'return lib.copy({ from: source, to: destination })',
  'copy with functions': 'return lib.copy({ from: source, to: destination, filter: () => true })',
  'copy without the native lane': 'return lib.copy({ from: source, to: destination })',
};

/** Runs in a process without the rights of root, who may ignore permissions. */
function refused({ files, from, to }: Case, lane: string, body: string) {
  const cwd = writeTree(workspace(), { 'in/a': 'new', 'out/old': 'old', ...opened(files) });
  const before = contentsOf(cwd);
  for (const path of ['', ...Object.keys(before)]) giveAway(join(cwd, path));
  // Inner paths first: afterwards they are not accessible.
  const modes = Object.entries(files)
    .reverse()
    .sort(([one], [other]) => other.length - one.length);
  for (const [path, node] of modes) if (isClosed(node)) chmodSync(join(cwd, path), node.mode!);
  const env: Record<string, string> = lane.includes('without the native') ? { FS_REFLINK_NATIVE: 'off' } : {};
  const { value } = inProcess(
    `${asNobody}
     const { source, destination } = argument;
     const open = () => fs.readdirSync('/proc/self/fd').length;
     const before = open();
     const run = async () => { ${body} };
     const error = await run().then(() => undefined, plain);
     return { error, left: open() - before };`,
    { source: join(cwd, from), destination: join(cwd, to) },
    { env },
  );
  for (const [path] of modes.reverse()) chmodSync(join(cwd, path), 0o777);
  return { cwd, before, after: contentsOf(cwd), ...(value as unknown as { error: object; left: number }) };
}

type Node = TreeSpec[string];

const isClosed = (node: Node): node is Exclude<Node, string | Uint8Array> =>
  typeof node === 'object' && 'mode' in node;

/** Returns the same tree without modes that would prevent the test from reading it. */
function opened(files: TreeSpec): TreeSpec {
  const open = (node: Node): Node => (isClosed(node) ? { ...node, mode: 0o755 } : node);
  return Object.fromEntries(Object.entries(files).map(([path, node]) => [path, open(node)]));
}

function giveAway(path: string): void {
  if (process.getuid?.() === 0) chownSync(path, 65534, 65534);
}

const rows = (lanesOf: Record<string, string>, casesOf: Case[]) =>
  Object.entries(lanesOf).flatMap(([lane, body]) =>
    casesOf.map((each) => ({ lane, body, each, name: each.name })),
  );

const reason = cannotGiveUpRights();
describe.skipIf(reason)(`without the right to${reason ? ` (skipped: ${reason})` : ''}`, () => {
  it.each([...rows(lanes, cases), ...rows(treeLanes, trees)])(
    '$name, $lane is refused',
    ({ lane, body, each }) => {
      const { cwd, before, after, error, left } = refused(each, lane, body);
      const source = join(cwd, each.source ?? each.from);
      const destination = join(cwd, each.destination ?? each.to);
      expect(error).toMatchObject({ name: 'CopyError', code: 'EACCES', source, destination });
      expect((error as Error).message).toContain(
        `${JSON.stringify(source)} to ${JSON.stringify(destination)}`,
      );
      expect(left).toBe(0);
      for (const [path, content] of Object.entries(before)) expect(after[path], path).toBe(content);
      expect(Object.keys(after).filter((path) => path.includes('.fs-reflink-'))).toEqual([]);
    },
  );

  it.runIf(process.platform === 'linux').each([
    ['a directory', "from: 'in'", 'out/deep/a'],
    ['a link to a directory, followed,', "from: 'links'", 'out/link/deep/a'],
    ['a directory, while the rest is deleted,', "from: 'in', to: 'out', prune: 'everything'", 'out/deep/a'],
  ])(
    'a link of /proc leads below a directory that may not be entered: %s is copied',
    (_what, given, copied) => {
      const tree = { 'closed/open/in/deep/a': 'a', 'closed/open/links/link': symlink('../in') };
      const cwd = writeTree(workspace(), tree);
      for (const path of ['', ...Object.keys(contentsOf(cwd))])
        if (!path.endsWith('link')) giveAway(join(cwd, path));
      const { value, error } = inProcess(
        `${asNobody}
         const closed = argument.cwd + '/closed';
         const cwd = '/proc/self/fd/' + fs.openSync(closed + '/open');
         fs.chmodSync(closed, 0);
         const { from, to = 'out', ...options } = { ${given} };
         return lib.copy({ from, to }, { cwd, ...options }).finally(() => fs.chmodSync(closed, 0o755));`,
        { cwd },
      );
      expect(error).toBeUndefined();
      expect(value).toMatchObject({ files: 1 });
      expect(contentsOf(join(cwd, 'closed/open'))).toHaveProperty([copied]);
    },
  );

  it.runIf(process.platform === 'linux')(
    'a link of /proc leads below a directory that may not be entered: a cycle of links is an error',
    () => {
      const tree = { 'closed/open/in/deep/a': 'a', 'closed/open/in/deep/loop': symlink('..') };
      const cwd = writeTree(workspace(), tree);
      for (const path of ['', ...Object.keys(contentsOf(cwd))])
        if (!path.endsWith('loop')) giveAway(join(cwd, path));
      const { error } = inProcess(
        `${asNobody}
         const closed = argument.cwd + '/closed';
         const cwd = '/proc/self/fd/' + fs.openSync(closed + '/open');
         fs.chmodSync(closed, 0);
         return lib.copy({ from: 'in', to: 'out' }, { cwd }).finally(() => fs.chmodSync(closed, 0o755));`,
        { cwd },
      );
      expect(error).toMatchObject({ code: 'ELOOP', source: expect.stringMatching(/in\/deep\/loop$/) });
      expect(error?.message).toContain('symbolic link cycle');
    },
  );

  it.each([
    ['by the fast path', '{}'],
    ['with a report of each file', '{ entries: true }'],
    ['with a manifest', '{ manifest: source + ".manifest" }'],
  ])(
    "a file that may not be read is kept by overwrite: 'changed', false and 'older', %s",
    (_how, options) => {
      const cwd = writeTree(workspace(), { 'in/a': 'a', 'in/b': 'b', 'out/a': 'a', 'out/b': 'b' });
      for (const path of ['in/a', 'out/a', 'in/b', 'out/b']) utimesSync(join(cwd, path), 1e9, 1e9);
      for (const path of ['', 'in', 'out', 'in/a', 'in/b', 'out/a', 'out/b']) giveAway(join(cwd, path));
      chmodSync(join(cwd, 'in/a'), 0o000);
      const { value } = inProcess(
        `${asNobody}
       const { source, destination } = argument;
       const results = [];
       for (const overwrite of ['changed', false, 'older'])
         results.push(await lib.copy({ from: source, to: destination }, { overwrite, ...(${options}) }));
       return results.map(({ files, unchanged }) => [files, unchanged]);`,
        { source: join(cwd, 'in'), destination: join(cwd, 'out') },
      );
      expect(value).toEqual([0, 1, 2].map(() => [0, 2]));
    },
  );
});
