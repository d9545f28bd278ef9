import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { campaign, describeCampaigns } from './campaign.ts';
import { type HostProject, hosts } from './host-child.js';
import { expectedOf, home, outputOf, type Project, projects, write } from './random-projects.ts';
import { cannotTrace, trace } from './trace.ts';

const CHILD = fileURLToPath(new URL('host-child.js', import.meta.url));

const buildOf = ({ targets, nested }: Project): HostProject => ({ targets, nested });

const names = Object.keys(hosts);
afterAll(() => rmSync(home, { recursive: true, force: true }));

describeCampaigns(
  'test/campaigns/hosts.test.ts',
  'random projects',
  () => undefined,
  () => {
    campaign(
      "an output is what the bundler's own copies make of the project, also over that of an earlier project",
      { short: 28, long: 2000 },
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
        // Build again without any change.
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
    { short: 6, long: 500 },
    fc.record({
      host: fc.constantFrom(...names),
      earlier: fc.option(projects),
      project: projects,
      /** At which call the build is killed, modulo the number of its calls. */
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
