import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { vi } from 'vitest';
import { describePlace } from '../filesystems/place.ts';
import { mountFilesystem } from '../support/filesystems.ts';
import { btrfsPlaces, copyingPlaces, type Place, xfsPlaces } from '../support/places.ts';
import { describeMacos } from './double.ts';
import { lanes } from './lanes.ts';

vi.mock('../../packages/core/src/platform/load.ts', () => import('./load.ts'));

const between: Place = {
  name: 'from btrfs to xfs',
  needs: ['btrfs', 'xfs'],
  clones: false,
  tellsHoles: false,
  mount() {
    const [from, to] = [mountFilesystem('btrfs'), mountFilesystem('xfs')];
    const [source, destination] = [join(from.path, 'from'), join(to.path, 'to')];
    mkdirSync(source);
    mkdirSync(destination);
    return {
      source,
      destination,
      blocks: destination,
      unmount() {
        from.unmount();
        to.unmount();
      },
    };
  },
};

const places = [
  btrfsPlaces.find(({ name }) => name === 'btrfs')!,
  xfsPlaces.find(({ name }) => name === 'xfs')!,
  copyingPlaces.find(({ name }) => name === 'ext4')!,
].map((place) => ({ ...place, tellsHoles: false }));

for (const place of places) {
  describeMacos(`every way to copy, ${place.name}`, place.needs, () => describePlace(place, lanes));
}

const acrossMounts = lanes.map((lane) => ({ ...lane, methods: { ...lane.methods, ENOTSUP: 'EXDEV' } }));
describeMacos(`every way to copy, ${between.name}`, between.needs, () =>
  describePlace(between, acrossMounts),
);
