import type { FileStatus } from '../platform/status.ts';
import type { ErrorClass, Strategy } from '../platform/system.ts';

/** After this many refusals of single files without any success, the pair counts as unable to clone. */
const MISSES = 3;

interface PairState {
  refused: boolean;
  succeeded: boolean;
  misses: number;
  layered: boolean;
}

/**
 * What a copy has learned about cloning between pairs of devices. Device numbers alone do not decide: btrfs
 * subvolumes have different numbers and can clone, two layers of one overlay have the same number and may not be able
 * to. An object lives for one copy, so that this knowledge does not outlive a mount.
 */
export class Capabilities {
  readonly #pairs = new Map<string, PairState>();
  #last: PairState | undefined;
  #lastSource = -1;
  #lastDestination = -1;

  /** The state of a pair. The last one is cached, so that all files of a directory need one lookup. */
  pair(source: FileStatus, destinationDevice: number): PairState {
    const sourceDevice = source.device;
    if (this.#last && sourceDevice === this.#lastSource && destinationDevice === this.#lastDestination) {
      return this.#last;
    }
    const key = `${sourceDevice}:${destinationDevice}`;
    let state = this.#pairs.get(key);
    if (!state)
      this.#pairs.set(key, (state = { refused: false, succeeded: false, misses: 0, layered: false }));
    this.#last = state;
    this.#lastSource = sourceDevice;
    this.#lastDestination = destinationDevice;
    return state;
  }

  /** The state of the last pair that was looked up, if it has this destination. */
  last(destinationDevice: number): PairState | undefined {
    return destinationDevice === this.#lastDestination ? this.#last : undefined;
  }

  get lastSource(): number {
    return this.#lastSource;
  }

  /** Records that a file of the pair was cloned, or that the devices do not allow it. Returns the new state. */
  learn(source: FileStatus, destinationDevice: number, cloned: boolean, layered: () => boolean): PairState {
    const state = this.pair(source, destinationDevice);
    if (cloned) state.succeeded = true;
    else if (!state.succeeded && !state.layered) {
      state.layered = layered();
      state.refused = !state.layered;
    }
    return state;
  }

  static succeeded(state: PairState, strategy: Strategy): void {
    // Only a clone shows that cloning works. A copy may share blocks without reporting it, which says nothing about
    // the next files.
    if (!strategy.clones) return;
    state.succeeded = true;
    state.refused = false;
    state.misses = 0;
  }

  /** `layered` returns whether the result for one file says nothing about the next. It is called rarely. */
  static refused(state: PairState, strategy: Strategy, kind: ErrorClass, layered: () => boolean): void {
    if (!strategy.clones || state.succeeded || state.layered) return;
    state.misses++;
    if (kind !== 'pair' && state.misses < MISSES) return;
    state.layered = layered();
    state.refused = !state.layered;
  }
}

export type { PairState };
