import { describe } from 'vitest';
import { reasonToSkip } from '../support/optional-lanes.ts';
import { commandOf, runtimes } from './runtimes.ts';
import { BUILT, describeSmoke, smokeObstacle } from './smoke.ts';

const skipped = reasonToSkip('runtimes', smokeObstacle);

describe.skipIf(skipped)(`the built package${skipped ? ` (skipped: ${skipped})` : ''}`, () => {
  for (const runtime of runtimes) {
    const start = () => ({ command: commandOf(runtime), engine: BUILT });
    describeSmoke(`on ${runtime.label}`, start);
    describeSmoke(`on ${runtime.label}, without koffi`, start, { FS_REFLINK_NATIVE: 'off' });
  }
});
