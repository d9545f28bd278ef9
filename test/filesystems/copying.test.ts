import { copyingPlaces } from '../support/places.ts';
import { describePlace } from './place.ts';

for (const place of copyingPlaces) describePlace(place);
