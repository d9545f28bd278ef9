import { describe } from 'vitest';
import { reasonToSkip } from '../support/optional-lanes.ts';
import { commandOf, runtimes } from './runtimes.ts';
import { BUILT, describeSmoke, smokeObstacle } from './smoke.ts';

const skipped = reasonToSkip('runtimes', smokeObstacle);

describe.skipIf(skipped)(`the built package${skipped ? ` (skipped: ${skipped})` : ''}`, () => {
  for (const runtime of runtimes) {
    describeSmoke(`on ${runtime.label}`, () => ({ command: commandOf(runtime), engine: BUILT }));
  }
});
