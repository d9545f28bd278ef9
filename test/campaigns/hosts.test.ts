import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { filesOf } from '../core/support.ts';
import { campaign, describeCampaigns } from './campaign.ts';
import { type HostProject, hosts } from './host-child.js';
import { cannotTrace, trace } from './trace.ts';

const CHILD = fileURLToPath(new URL('host-child.js', import.meta.url));

/** A file, and what it is filled with. */
interface File {
  path: string;
  fill: number;
  size: number;
}

interface Project extends HostProject {
  public: readonly File[];
  copied: readonly { files: readonly File[]; to: string }[];
}

// Directories and files have no names in common: what a bundler does about a file in the place of a directory differs.
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
const file: fc.Arbitrary<File> = fc
  .record({
    directory,
    name,
    fill: fc.integer({ min: 0, max: 9 }),
    size: fc.constantFrom(0, 1, 20, 5000, 70_000),
  })
  .map(({ directory, name, ...content }) => ({ path: directory + name, ...content }));

const projects: fc.Arbitrary<Project> = fc
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

const buildOf = ({ targets, nested }: Project): HostProject => ({ targets, nested });

const names = Object.keys(hosts);
const home = realpathSync(mkdtempSync(join(tmpdir(), 'fs-reflink-hosts-')));
afterAll(() => rmSync(home, { recursive: true, force: true }));

let made = 0;

/** A project of its own in a directory, or the files of another one in it. */
function write(project: Project, root = join(home, `${made++}`)): string {
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
  put('main.js', 'console.log("bundled");\n');
  mkdirSync(join(root, 'public'), { recursive: true });
  mkdirSync(join(root, 'node_modules'), { recursive: true });
  for (const each of project.public) fill('public', each);
  for (const [number, { files }] of project.copied.entries())
    for (const each of files) fill(`target-${number}`, each);
  return root;
}

/** The beginning and the size of each file of an output, by its path. */
function outputOf(root: string): Record<string, string> {
  const dist = join(root, 'dist');
  return Object.fromEntries(
    filesOf(dist).map((path) => {
      const content = readFileSync(join(dist, path), 'utf8');
      return [path, `${content.slice(0, 200)}, ${content.length} characters`];
    }),
  );
}

/** What the bundler's own copies make of a project. */
async function expectedOf(host: string, project: Project): Promise<Record<string, string>> {
  const root = write(project);
  await hosts[host]!(root, project, false);
  const expected = outputOf(root);
  rmSync(root, { recursive: true });
  return expected;
}

describeCampaigns(
  'test/campaigns/hosts.test.ts',
  'random projects',
  () => undefined,
  () => {
    campaign(
      "an output is what the bundler's own copies make of the project, also over that of an earlier project",
      { short: 56, long: 2000 },
      fc.record({ host: fc.constantFrom(...names), earlier: fc.option(projects), project: projects }),
      async ({ host, earlier, project }) => {
        const expected = await expectedOf(host, project);
        const root = write(earlier ?? project);
        if (earlier) {
          await hosts[host]!(root, { ...earlier, nested: project.nested }, true);
          write(project, root);
        }
        await hosts[host]!(root, project, true);
        expect(outputOf(root)).toEqual(expected);
        // Once more, when nothing has changed.
        await hosts[host]!(root, project, true);
        expect(outputOf(root)).toEqual(expected);
        rmSync(root, { recursive: true });
      },
    );
  },
);

describeCampaigns('test/campaigns/hosts.test.ts', 'builds that are killed', cannotTrace, () => {
  const places = new Map<string, string[]>();
  let kills = 0;

  campaign(
    'a build that was killed anywhere and is repeated is equal to one that was not',
    { short: 10, long: 500 },
    fc.record({
      host: fc.constantFrom(...names),
      earlier: fc.option(projects),
      project: projects,
      /** Which call it is killed at, modulo the calls that it makes. */
      place: fc.noBias(fc.nat()),
    }),
    async ({ host, earlier, project, place }) => {
      const expected = await expectedOf(host, project);
      const root = write(earlier ?? project);
      if (earlier) {
        await hosts[host]!(root, { ...earlier, nested: project.nested }, true);
        write(project, root);
      }
      if (!places.has(host)) {
        const whole = write(project);
        const {
          status,
          stderr,
          places: found,
        } = await trace(whole, CHILD, { host, root: whole, project: buildOf(project) });
        expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
        places.set(host, found);
        rmSync(whole, { recursive: true });
      }
      const found = places.get(host)!;
      const { signal } = await trace(
        root,
        CHILD,
        { host, root, project: buildOf(project) },
        found[place % found.length],
      );
      if (signal === 'SIGKILL') kills++;
      await hosts[host]!(root, project, true);
      expect(outputOf(root)).toEqual(expected);
      rmSync(root, { recursive: true });
    },
  );

  test('some of them were killed', () => {
    expect(kills).toBeGreaterThan(0);
    console.log(`${kills} builds killed`);
  });
});
