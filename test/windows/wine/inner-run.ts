import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Tool } from '../../support/tools.ts';
import { openWindowsNode } from '../wine.ts';
import type { InnerFile, InnerRun, InnerTest } from './record.ts';

const TIMEOUT_MS = 900_000;

/** What vitest says when a process did not come up within a minute. */
const NOT_STARTED = /Failed to start forks worker/;

/**
 * Runs the tests that need Windows in a Node.js of this version. Every failure to do so is in the answer. Now and then
 * Wine does not bring a process up; then all is run once more.
 */
export async function runInside(version: Tool): Promise<InnerRun> {
  const run = await runOnce(version);
  return run.errors.some((error) => NOT_STARTED.test(error)) ? runOnce(version) : run;
}

async function runOnce(version: Tool): Promise<InnerRun> {
  using node = openWindowsNode(version);
  const { host, windows } = node.temporary();
  const vitest = [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--config',
    './test/windows/wine/vitest.config.ts',
  ];
  const { status, output } = await node.run([...vitest, ...filters()], {
    timeout: TIMEOUT_MS,
    env: { REFLINK_WINDOWS_RECORD: `${windows}\\record.json` },
  });
  const record = join(host, 'record.json');
  const run: InnerRun = existsSync(record)
    ? JSON.parse(readFileSync(record, 'utf8'))
    : { files: [], errors: [`vitest ended with ${status ?? `a timeout of ${TIMEOUT_MS} ms`}`], printed: [] };
  if (output.trim()) run.printed.push(output);
  const failed = run.errors.length + run.files.flatMap(failures).length > 0;
  if (status !== 0 && !failed) run.errors.push(`vitest ended with ${status}, and no test failed`);
  return run;
}

/** `REFLINK_WINDOWS_FILES` keeps to files whose paths contain one of these words. */
export function filters(): string[] {
  return process.env.REFLINK_WINDOWS_FILES?.split(/[\s,]+/).filter(Boolean) ?? [];
}

function failures({ errors, tests }: InnerFile): unknown[] {
  return [...errors, ...tests.filter(({ state }) => state === 'failed')];
}

/** Whether a test that was skipped says why, as the house rule has it: `(skipped: …)` in a name. */
export function saysWhy({ path }: InnerTest): boolean {
  return path.some((name) => /\(skipped: .+\)/.test(name));
}
