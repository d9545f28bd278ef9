import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { describeSmoke, smokeObstacle } from '../runtimes/smoke.ts';
import { reasonToSkip } from '../support/tools.ts';
import { emulatedNode, emulatorObstacle, installForArm64, nodes } from './emulated.ts';

const skipped = reasonToSkip('arm64', () => smokeObstacle() ?? emulatorObstacle());

describe.skipIf(skipped)(`the built package on arm64${skipped ? ` (skipped: ${skipped})` : ''}`, () => {
  let engine: string;
  beforeAll(() => {
    engine = installForArm64();
  });
  afterAll(() => {
    if (engine) rmSync(dirname(dirname(engine)), { recursive: true, force: true });
  });

  for (const node of nodes) {
    const label = `Node.js ${node.version.split('.')[0]}, emulated`;
    describeSmoke(label, () => ({ command: emulatedNode(node), engine }));
  }
});
