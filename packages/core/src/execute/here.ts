import { type Found, look } from '../plan/look.ts';
import { loadSystem } from '../platform/load.ts';
import { type Along, planAlong } from './along.ts';
import { runCold } from './cold.ts';
import { gather } from './gather.ts';
import { pool } from './pool.ts';
import { type Finished, runPart, runWhole } from './run.ts';
import { peek, resume } from './small.ts';
import { engage, guarding, runOnThreads } from './threads.ts';

/** Which of the user's functions a copy has to call, on the thread that they are of. */
export interface UserFunctions {
  transforms: boolean;
  /** Any at all. */
  hasFunctions: boolean;
}

/** A copy of which at least the files are looked for on the calling thread. */
export async function runHere(along: Along, { transforms, hasFunctions }: UserFunctions): Promise<Finished> {
  const { queue, job, plan, hooks, concurrency } = along;
  const warnings: string[] = [];
  const { manifest, folders } = look(plan, job, loadSystem, (message) => warnings.push(message));
  const { small, found } = peek(folders);
  // A thread that plans finds all of it again: a few files, in no time.
  if (!small && !hasFunctions && (plan.cloneDirectories || job.dryRun)) return runOnThreads(along);
  const all = { manifest, folders: resume(found, folders) };
  const finished = !small
    ? await (pool.size >= concurrency || job.dryRun ? workOnThreads(along, all) : runCold(along, all))
    : transforms
      ? await planAlong(along, all, async () => runPart(queue, job, loadSystem(), hooks))
      : runWhole(queue, job, plan, loadSystem(), hooks, all);
  finished.tally.warnings.push(...warnings);
  return finished;
}

/** Copies in worker threads what is planned here, with pauses. */
async function workOnThreads(along: Along, found: Found): Promise<Finished> {
  return guarding(along, async (guarded) => {
    const crew = engage(guarded);
    try {
      return await planAlong(guarded, found, () => gather(crew.parts));
    } finally {
      await crew.release();
    }
  });
}
