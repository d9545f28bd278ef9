import { setImmediate as nextTurn } from 'node:timers/promises';
import { asThrown } from '../errors.ts';
import { type EarlierRuns, needsEarlierRuns } from '../plan/inputs.ts';
import { Planner } from '../plan/plan.ts';
import { ChangedNames } from '../plan/record.ts';
import { loadSystem } from '../platform/load.ts';
import { addTally, emptyTally, type Tally } from '../report.ts';
import type { Pending } from '../scan/pending.ts';
import { BatchCopier } from './batch-copier.ts';
import { attempt, causeOf, type Finished, untilAborted } from './finished.ts';
import type { CopyContext, CopyRequest } from './job.ts';
import type { Queue } from './queue.ts';
import { chooseSchedule, filesystemOf, isSlowCopy, MANY_BYTES, MANY_FILES, totalSize } from './schedule.ts';
import { MOST_SLICED } from './way.ts';
import { WorkerGroup } from './worker-group.ts';

/**
 * How many files may wait while planning goes on. More than the files for which a worker starts, so that these still
 * wait after this thread has copied some of them.
 */
const MAX_WAITING: number = MANY_FILES + 2_000;

/** How long a copy may block the calling thread before other work gets an event loop turn. */
const SLICE_MS = 8;

/**
 * Runs a copy that the calling thread plans. The calling thread also copies, in slices, and starts as many workers as
 * {@link chooseSchedule} returns.
 */
export async function coordinate(request: CopyRequest): Promise<Finished> {
  const { plan, job } = request;
  const earlier = needsEarlierRuns(plan, job) ? await import('../plan/earlier-runs.ts') : undefined;
  const coordinator = new Coordinator(request, earlier);
  try {
    return await coordinator.run();
  } finally {
    await coordinator.release();
  }
}

class Coordinator {
  readonly #request: CopyRequest;
  readonly #queue: Queue;
  readonly #context: CopyContext;
  readonly #planner: Planner;
  readonly #copier: BatchCopier;
  #workerGroup: WorkerGroup | undefined;
  #isPlanned = false;
  /** Every file would block this thread: workers copy all of them. */
  #isSlow: boolean;
  /** At least one file would block this thread: workers copy such files. */
  #hasLarge = false;
  #filesystem: string | undefined;
  /** No worker can be used: this thread copies everything, even if it blocks. */
  #isAlone = false;
  #transforming: Promise<Finished['error']> | undefined;
  /** What planning has to wait for. */
  #pending: Pending | undefined;

  constructor(request: CopyRequest, earlier: EarlierRuns) {
    const { queue, plan, job, hooks } = request;
    const system = job.dryRun ? earlier!.dryRunSystem(loadSystem()) : loadSystem();
    this.#request = request;
    this.#queue = queue;
    this.#context = { queue, job, system, hooks, tally: emptyTally(), changed: new ChangedNames() };
    this.#planner = new Planner({ ...this.#context, queue, plan }, earlier);
    this.#isAlone = request.facts.staysHere;
    this.#isSlow = !this.#isAlone && isSlowCopy(job, plan, system);
    this.#copier = new BatchCopier(this.#context);
  }

  async run(): Promise<Finished> {
    const queue = this.#queue;
    const { tally } = this.#context;
    const steps = this.#planner.publish();
    let working = await this.#work(steps);
    // If the copy ended early, what planning has opened is closed.
    steps.return(undefined);
    const transforming = await this.#transforming;
    const others = await this.#finishWorkers();
    if (!queue.stopped && queue.waiting > 0) {
      // Workers that ended while they booted left their files to this thread.
      this.#stayAlone();
      working = await this.#work(steps);
    }
    const leaving = await this.#copyLeft(others.flatMap((each) => each.tally.left));
    const closing = attempt(queue, () => this.#copier.close());
    queue.count(tally.files + tally.links);
    const saving = attempt(queue, () => this.#planner.finish());
    for (const other of others) addTally(tally, other.tally);
    const errors = [working, leaving, closing, transforming, ...others.map(({ error }) => error), saving];
    return { tally, error: causeOf(errors) };
  }

  async release(): Promise<void> {
    await this.#workerGroup?.release();
  }

  /** Plans and copies until nothing is left for this thread. Returns the error that ended this. */
  async #work(steps: Generator<Pending | undefined>): Promise<Finished['error']> {
    const queue = this.#queue;
    while (!queue.stopped) {
      let isIdle = false;
      try {
        isIdle = this.#runSlice(steps, performance.now() + SLICE_MS);
        const pending = this.#pending;
        this.#pending = undefined;
        if (pending) await untilAborted(pending.answered, this.#request.signal);
      } catch (error) {
        queue.stop();
        return asThrown(error);
      }
      const wasAlone = this.#isAlone;
      this.#callWorkers(isIdle);
      // If no worker can be started, this thread copies what was meant for workers: then it does not end here.
      if (isIdle && this.#isAlone === wasAlone) break;
      await nextTurn();
    }
    return undefined;
  }

  /** Plans and copies until the deadline. Returns true if nothing is left for this thread. */
  #runSlice(steps: Generator<Pending | undefined>, deadline: number): boolean {
    const queue = this.#queue;
    while (!queue.stopped) {
      // Planning comes first, so that workers have files to copy. Directories without files need no workers.
      const leavesFiles = this.#isSlow && (!this.#isPlanned || queue.waiting > 0);
      if (!leavesFiles && !this.#plansFirst) {
        const stopped = this.#copier.copyUntil(deadline, {
          mayHold: this.#isAlone,
          bytesLeft: () => totalSize(queue.leftSources(), MOST_SLICED),
        });
        if (stopped === 'deadline') return false;
        if (stopped === 'large') {
          this.#hasLarge = true;
          return false;
        }
      }
      if (this.#isPlanned) return true;
      const { done, value } = steps.next();
      if (done) this.#finishPlanning();
      else if (value) {
        this.#pending = value;
        return false;
      }
      if (performance.now() >= deadline) return false;
    }
    return true;
  }

  /**
   * Whether planning goes on before this thread copies more: if there are workers, or after so many files that more may
   * follow than one thread should copy. The second does not apply if files are recorded: shared memory would keep the
   * records of all files until the copy ends.
   */
  get #plansFirst(): boolean {
    const { job } = this.#request;
    if (this.#isPlanned || this.#isAlone || this.#queue.waiting >= MAX_WAITING) return false;
    return this.#workerGroup !== undefined || (!job.recorded && this.#queue.files >= MANY_FILES);
  }

  #finishPlanning(): void {
    this.#isPlanned = true;
    const { queue, hooks, facts, signal } = this.#request;
    if (queue.stopped) return;
    const { transformed, unchanged } = this.#planner;
    hooks.planned(transformed, unchanged);
    if (transformed.length === 0) return;
    const context = { ...this.#context, concurrency: facts.concurrency, signal };
    this.#transforming = import('./transformed.ts').then((module) =>
      module.transformAll(transformed, context),
    );
  }

  #callWorkers(isIdle: boolean): void {
    const queue = this.#queue;
    if (this.#isAlone || queue.stopped) return;
    const waitingFiles = queue.waiting;
    if (waitingFiles === 0) return;
    const { facts, plan } = this.#request;
    if (waitingFiles >= MANY_FILES)
      this.#filesystem ??= filesystemOf(this.#context.system, plan.targets[0]?.to ?? plan.cwd);
    const { workers } = chooseSchedule({
      ...facts,
      heldWorkers: 0,
      waitingFiles,
      plannedFiles: queue.files,
      isSlow: this.#isSlow,
      hasLarge: this.#hasLarge,
      bytesLeft: isIdle && this.#hasLarge ? totalSize(queue.leftSources(), MANY_BYTES) : 0,
      filesystem: this.#filesystem,
    });
    if (workers <= (this.#workerGroup?.size ?? 0)) return;
    try {
      const workerGroup = (this.#workerGroup ??= new WorkerGroup(this.#request, queue.share()));
      workerGroup.grow(workers);
    } catch {
      // No address space, no permission to start threads, or too many threads.
      if (this.#workerGroup?.size) return;
      this.#workerGroup = undefined;
      this.#stayAlone();
    }
  }

  /** Lets this thread copy everything that is left, even if it blocks. */
  #stayAlone(): void {
    this.#isAlone = true;
    this.#isSlow = false;
  }

  /** Copies the files that workers left to this thread. Returns the error that ended this. */
  async #copyLeft(left: Tally['left']): Promise<Finished['error']> {
    if (left.length === 0) return undefined;
    const queue = this.#queue;
    const steps = this.#copier.copyLeft(left, queue.share());
    try {
      let deadline = performance.now() + SLICE_MS;
      while (!queue.stopped && !steps.next().done) {
        if (performance.now() < deadline) continue;
        await nextTurn();
        deadline = performance.now() + SLICE_MS;
      }
      steps.return(undefined);
      return undefined;
    } catch (error) {
      queue.stop();
      return asThrown(error);
    }
  }

  /** Waits for the workers, and returns what they did. */
  async #finishWorkers(): Promise<Finished[]> {
    const workerGroup = this.#workerGroup;
    if (!workerGroup) return [];
    const finished = (await workerGroup.finish()) ?? [];
    if (finished.length === 0) {
      // No worker took part. Do not wait for the threads: they may take long to end.
      this.#workerGroup = undefined;
      void workerGroup.release();
    }
    return finished;
  }
}
