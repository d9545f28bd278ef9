import { btrfsPlaces } from '../support/places.ts';
import { describePlace } from './place.ts';

for (const place of btrfsPlaces) describePlace(place);
