import { isPromise } from '../schema.ts';

/** The user's functions that are called for each file and may return a promise. */
export type AskedOption = 'filter' | 'rename';

/** How many files a function is called for before the scan waits for its promises. */
const MOST_ASKED = 64;

/**
 * A scan yields this when it has to wait for functions of the user. The caller awaits `answered` before it takes the
 * next step; if `answered` rejects, the scan ends. A caller that cannot wait throws {@link refuse}.
 */
export class Pending {
  readonly answered: Promise<unknown>;
  readonly #option: AskedOption;
  readonly #file: string;

  constructor(option: AskedOption, file: string, answered: Promise<unknown>) {
    this.#option = option;
    this.#file = file;
    this.answered = answered;
    // The caller may have stopped waiting: avoid an unhandled rejection.
    answered.catch(() => {});
  }

  /** The error to throw if the caller cannot wait. `instead` names a function that can. */
  refuse(caller: string, instead: string): TypeError {
    return new TypeError(
      `fs-reflink: ${caller} cannot wait, and target option "${this.#option}" returned a promise for ${JSON.stringify(this.#file)}; use ${instead}, or a function that is not asynchronous`,
    );
  }
}

/** Calls a function for each of `files`, which are paths for messages. Returns what `call` returned, by position. */
export function* askAbout<T>(
  option: AskedOption,
  files: readonly string[],
  call: (file: number) => T | Promise<T>,
): Generator<Pending, T[]> {
  const answers: T[] = [];
  while (answers.length < files.length) {
    const start = answers.length;
    const end = Math.min(start + MOST_ASKED, files.length);
    const asked: (T | Promise<T>)[] = [];
    let first: number | undefined;
    for (let file = start; file < end; file++) {
      const answer = call(file);
      if (!isPromise(answer)) {
        asked.push(answer);
        continue;
      }
      first ??= file;
      // Calls `then` once: there are objects that do their work each time it is called.
      const promise = Promise.resolve(answer);
      asked.push(promise);
      // If the function throws for a later file, nothing waits for this promise: avoid an unhandled rejection.
      promise.catch(() => {});
    }
    let settled = asked as T[];
    if (first !== undefined) {
      const all = Promise.all(asked).then((values) => {
        settled = values;
      });
      yield new Pending(option, files[first]!, all);
    }
    answers.push(...settled);
  }
  return answers;
}
