import type { FileStatus } from '../platform/status.ts';
import type { ErrorClass, Strategy } from '../platform/system.ts';

/** Refusals of single files in a row, without one success, that are taken for the pair's answer. */
const MISSES = 3;

interface PairState {
  refused: boolean;
  succeeded: boolean;
  misses: number;
  layered: boolean;
}

/**
 * What was learned about cloning between pairs of devices. Device numbers are no criterion by themselves:
 * btrfs subvolumes differ and clone, two layers of one overlay are equal and may not. Lives for one copy, so
 * that nothing learned outlives a mount.
 */
export class Capabilities {
  readonly #pairs = new Map<string, PairState>();
  #last: PairState | undefined;
  #lastSource = -1;
  #lastDestination = -1;

  /** The state kept for a pair; one lookup for all files of a directory. */
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

  /** What is known of the pair that was asked for last, if it has this destination. */
  last(destinationDevice: number): PairState | undefined {
    return destinationDevice === this.#lastDestination ? this.#last : undefined;
  }

  get lastSource(): number {
    return this.#lastSource;
  }

  /** A file of the pair was cloned, or it could not be because of the devices. Returns what is known now. */
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
    // Only a clone says that cloning works: a copy that shared blocks in silence would poison the next files.
    if (!strategy.clones) return;
    state.succeeded = true;
    state.refused = false;
    state.misses = 0;
  }

  /** `layered` tells whether one file's answer says nothing about the next; it is asked for rarely. */
  static refused(state: PairState, strategy: Strategy, kind: ErrorClass, layered: () => boolean): void {
    if (!strategy.clones || state.succeeded || state.layered) return;
    state.misses++;
    if (kind !== 'pair' && state.misses < MISSES) return;
    state.layered = layered();
    state.refused = !state.layered;
  }
}

export type { PairState };
