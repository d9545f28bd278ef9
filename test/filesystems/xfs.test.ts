import { xfsPlaces } from '../support/places.ts';
import { describePlace } from './place.ts';

for (const place of xfsPlaces) describePlace(place);
