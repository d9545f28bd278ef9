import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { describeSmoke, smokeObstacle } from '../runtimes/smoke.ts';
import { reasonToSkip } from '../support/optional-lanes.ts';
import { emulatedNode, emulatorObstacle, installForArm64, nodes } from './emulated.ts';

const skipped = reasonToSkip('arm64', () => smokeObstacle() ?? emulatorObstacle());

describe.skipIf(skipped)(`the built package on arm64${skipped ? ` (skipped: ${skipped})` : ''}`, () => {
  let home: string;
  let engine: string;
  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'fs-reflink-arm64-'));
    engine = installForArm64(home);
  });
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  for (const node of nodes) {
    const label = `Node.js ${node.version.split('.')[0]}, emulated`;
    describeSmoke(label, () => ({ command: emulatedNode(node), engine }));
  }
});
