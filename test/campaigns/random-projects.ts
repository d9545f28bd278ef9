import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { filesOf } from '../core/support.ts';
import { type HostProject, hosts } from './host-child.js';

/** A file, and the digit and size of its content. */
export interface File {
  path: string;
  fill: number;
  size: number;
}

export interface Project extends HostProject {
  /** The source of the bundle. */
  entry?: string;
  public: readonly File[];
  copied: readonly { files: readonly File[]; to: string }[];
}

// Directories and files have different names, because bundlers differ in how they treat a file in place of a
// directory.
const directory = fc.constantFrom('', '', 'a/', 'a/b/', 'nested/', 'with space/', 'é/', '.hidden/', '[x]/');
const name = fc.constantFrom(
  '1.txt',
  '2.txt',
  'two words.txt',
  '.dot',
  'é.txt',
  '[y].txt',
  '-n.txt',
  'bundle.js',
);
export const file: fc.Arbitrary<File> = fc
  .record({
    directory,
    name,
    fill: fc.integer({ min: 0, max: 9 }),
    size: fc.constantFrom(0, 1, 20, 5000, 70_000),
  })
  .map(({ directory, name, ...content }) => ({ path: directory + name, ...content }));

export const projects: fc.Arbitrary<Project> = fc
  .record({
    public: fc.array(file, { maxLength: 8 }),
    copied: fc.array(
      fc.record({
        files: fc.array(file, { minLength: 1, maxLength: 5 }),
        to: fc.constantFrom('', 'a', 'nested', 'deep/er'),
      }),
      { maxLength: 3 },
    ),
    nested: fc.boolean(),
  })
  .map((given) => ({
    ...given,
    targets: given.copied.map(({ to }, number) => ({ from: `target-${number}`, to })),
  }));

/** The directory for the projects of one test file. */
export const home = realpathSync(mkdtempSync(join(tmpdir(), 'fs-reflink-hosts-')));

let made = 0;

/** Writes a project to a directory, by default a new one. Replaces the files of another project there. */
export function write(project: Project, root = join(home, `${made++}`)): string {
  mkdirSync(root, { recursive: true });
  for (const old of ['public', 'target-0', 'target-1', 'target-2'])
    rmSync(join(root, old), { recursive: true, force: true });
  const put = (path: string, content: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  };
  const fill = (directory: string, { path, fill, size }: File) =>
    put(`${directory}/${path}`, `${fill}`.repeat(size));
  put('package.json', '{ "type": "module" }');
  put('main.js', project.entry ?? 'console.log("bundled");\n');
  mkdirSync(join(root, 'public'), { recursive: true });
  mkdirSync(join(root, 'node_modules'), { recursive: true });
  for (const each of project.public) fill('public', each);
  for (const [number, { files }] of project.copied.entries())
    for (const each of files) fill(`target-${number}`, each);
  return root;
}

/** The start, the size and the hash of each file of an output, by its path. */
export function outputOf(root: string): Record<string, string> {
  const dist = join(root, 'dist');
  return Object.fromEntries(
    filesOf(dist).map((path) => {
      const content = readFileSync(join(dist, path), 'utf8');
      const hash = createHash('sha1').update(content).digest('hex');
      return [path, `${content.slice(0, 200)}, ${content.length} characters, ${hash}`];
    }),
  );
}

/** The output of a project when the bundler's own means copy the files. */
export async function expectedOf(host: string, project: Project): Promise<Record<string, string>> {
  const root = write(project);
  await hosts[host]!(root, project, false);
  const expected = outputOf(root);
  rmSync(root, { recursive: true });
  return expected;
}
