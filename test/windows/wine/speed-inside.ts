// Runs in Windows; started by ../speed.ts. Prints one line of JSON.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { copy, type Method } from 'fs-reflink';
import { generateFiles } from '../../support/trees.ts';
import { bootWorkers } from '../../support/workers.ts';

const ROUNDS = Number(process.argv[2]);
const VOLUME = { files: 1000, folders: 20, minBytes: 200, maxBytes: 32 * 1024 };

const root = fs.mkdtempSync(path.join(os.tmpdir(), 'reflink-speed-'));
const from = path.join(root, 'from');
/** Milliseconds of each round. */
interface Times {
  copy: number[];
  cpSync: number[];
}

const methods = new Set<Method>();

async function timed(times: Times, kind: keyof Times, run: (to: string) => unknown): Promise<void> {
  const to = path.join(root, 'to');
  const started = performance.now();
  await run(to);
  times[kind].push(performance.now() - started);
  const files = fs
    .readdirSync(to, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile());
  if (files.length !== VOLUME.files) throw new Error(`${kind} placed ${files.length} files`);
  fs.rmSync(to, { recursive: true });
}

/** One in the other's place: whatever else the machine does falls on both. */
async function measure() {
  const times: Times = { copy: [], cpSync: [] };
  for (let round = 0; round < ROUNDS; round++) {
    await timed(times, 'copy', copied);
    await timed(times, 'cpSync', (to) => fs.cpSync(from, to, { recursive: true }));
  }
  const [copyMs, cpSyncMs] = [median(times.copy), median(times.cpSync)];
  const rounded = (value: number, digits: number) => Number(value.toFixed(digits));
  return { copyMs: rounded(copyMs, 1), cpSyncMs: rounded(cpSyncMs, 1), ratio: rounded(cpSyncMs / copyMs, 2) };
}

async function copied(to: string): Promise<void> {
  const report = await copy({ from, to });
  for (const method of Object.keys(report.methods)) methods.add(method as Method);
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

try {
  const { bytes } = generateFiles(from, VOLUME);
  const alone = await measure();
  const workers = await bootWorkers();
  const workersHeld = await measure();
  await workers.dispose();
  console.log(
    JSON.stringify({
      node: process.version,
      rounds: ROUNDS,
      files: VOLUME.files,
      bytes,
      methods: [...methods],
      ...alone,
      // As in a build tool that started its workers before.
      workersHeld,
    }),
  );
} finally {
  fs.rmSync(root, { recursive: true, force: true });
}
