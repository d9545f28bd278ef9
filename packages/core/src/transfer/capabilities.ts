import type { FileStatus } from '../platform/status.ts';
import type { ErrorClass, Strategy } from '../platform/system.ts';

/** After this many refusals of single files without any success, the pair counts as unable to clone. */
const MISSES = 3;

/** What a copy has learned about cloning files of one device to another. */
export class PairState {
  readonly sourceDevice: number;
  readonly destinationDevice: number;
  /** Files of this pair cannot be cloned. */
  refused = false;
  #hasSucceeded = false;
  #misses = 0;
  #isLayered = false;

  constructor(sourceDevice: number, destinationDevice: number) {
    this.sourceDevice = sourceDevice;
    this.destinationDevice = destinationDevice;
  }

  /**
   * Call this when a file is copied. Only a clone shows that cloning works: a copy may share blocks without reporting
   * it, which says nothing about the next files.
   */
  succeeded({ clones }: Pick<Strategy, 'clones'>): void {
    if (!clones) return;
    this.#hasSucceeded = true;
    this.refused = false;
  }

  /** `layered` returns whether the result for one file says nothing about the next. It is called rarely. */
  failed({ clones }: Pick<Strategy, 'clones'>, kind: ErrorClass, layered: () => boolean): void {
    if (!clones || this.#hasSucceeded || this.#isLayered) return;
    this.#misses++;
    if (kind !== 'pair' && this.#misses < MISSES) return;
    this.#isLayered = layered();
    this.refused = !this.#isLayered;
  }
}

/**
 * What a copy has learned about cloning between pairs of devices. Device numbers alone do not decide: btrfs
 * subvolumes have different numbers and can clone, two layers of one overlay have the same number and may not be able
 * to. An object lives for one copy, so that this knowledge does not outlive a mount.
 */
export class Capabilities {
  readonly #pairs = new Map<string, PairState>();
  #last: PairState | undefined;

  /** The state of a pair. The last one is cached, so that all files of a directory need one lookup. */
  pair({ device: sourceDevice }: FileStatus, destinationDevice: number): PairState {
    const last = this.last(destinationDevice);
    if (last?.sourceDevice === sourceDevice) return last;
    const key = `${sourceDevice}:${destinationDevice}`;
    let state = this.#pairs.get(key);
    if (!state) this.#pairs.set(key, (state = new PairState(sourceDevice, destinationDevice)));
    this.#last = state;
    return state;
  }

  /** The state of the last pair that was looked up, if it has this destination. */
  last(destinationDevice: number): PairState | undefined {
    return this.#last?.destinationDevice === destinationDevice ? this.#last : undefined;
  }
}
