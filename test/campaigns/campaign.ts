import fc from 'fast-check';
import { describe, test } from 'vitest';
import { reasonToSkip } from '../support/optional-lanes.ts';

/**
 * How many cases a campaign tries: a few in every run of the tests (`short`), or enough to find rare failures
 * (`long`).
 */
export interface Length {
  short: number;
  long: number;
}

const isLong = process.env.REFLINK_CAMPAIGN === 'long';
/** The seed of the short form: a run of all tests fails because of the change that it tests, and not by chance. */
const SHORT_SEED = 1;
/** The time limit of the short form, in milliseconds. Only the search for a simpler failing case may take longer. */
const SHORT_MS = 240_000;
const given = {
  seed: numberIn('REFLINK_SEED'),
  path: process.env.REFLINK_PATH,
  cases: numberIn('REFLINK_CASES'),
};

function numberIn(name: string): number | undefined {
  const text = process.env[name];
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isInteger(value)) throw new Error(`${name} has to be a whole number, and is ${text}`);
  return value;
}

/** Describes campaigns. If they cannot run, they are skipped, with the reason in their name. */
export function describeCampaigns(
  file: string,
  name: string,
  obstacle: () => string | undefined,
  body: () => void,
): void {
  const reason = reasonToSkip('campaigns', obstacle);
  if (reason === undefined) describe(`${name} [${file}]`, body);
  else describe.skip(`${name} (skipped: ${reason})`, body);
}

/**
 * Tries random cases: the same ones in each run of the short form, and others in each long run. Fails with the simplest
 * failing case and the command that repeats it. `REFLINK_SEED` and `REFLINK_PATH` choose the cases, `REFLINK_CASES`
 * their number.
 */
export function campaign<Case>(
  name: string,
  { short, long }: Length,
  cases: fc.Arbitrary<Case>,
  attempt: (each: Case) => Promise<void> | void,
): void {
  const seed = given.seed ?? (isLong || given.cases !== undefined ? Date.now() % 2 ** 31 : SHORT_SEED);
  const numRuns = given.cases ?? (isLong ? long : short);
  test(`${name} (${numRuns} cases, seed ${seed})`, { timeout: 4 * 3_600_000 }, async (context) => {
    const { path } = given;
    const details = await fc.check(
      fc.asyncProperty(cases, async (each) => {
        await attempt(each);
      }),
      {
        ...{ seed, numRuns, maxSkipsPerRun: 1000 },
        ...(path !== undefined && { path }),
        ...(!isLong && given.cases === undefined && { interruptAfterTimeLimit: SHORT_MS }),
        markInterruptAsFailure: true,
      },
    );
    if (!details.failed) return;
    const repeat = `REFLINK_LANES=campaigns,filesystems REFLINK_SEED=${seed} REFLINK_PATH=${details.counterexamplePath} npx vitest run ${context.task.file.name} -t '${name}'`;
    const report = await fc.asyncDefaultReportMessage(details);
    throw new Error(`${report}\n\nTo repeat it: ${repeat}`, { cause: details.errorInstance });
  });
}
