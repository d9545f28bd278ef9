/** Functions of a target that are asked about each file, and may answer later. */
export type AskedOption = 'filter' | 'rename';

/** So many files a function is asked about at a time, where it answers later. */
const MOST_ASKED = 64;

/**
 * A scan cannot go on before functions of the user have answered. Whoever runs it waits for `answered`, and takes the next
 * step then; if it rejects, the scan is over. Who cannot wait throws {@link refuse}.
 */
export class Pending {
  readonly answered: Promise<unknown>;
  readonly #option: AskedOption;
  readonly #file: string;

  constructor(option: AskedOption, file: string, answered: Promise<unknown>) {
    this.#option = option;
    this.#file = file;
    this.answered = answered;
    // Nobody may wait for it any more.
    answered.catch(() => {});
  }

  /** The error of a function that cannot wait; `instead` is one that can. */
  refuse(caller: string, instead: string): TypeError {
    return new TypeError(
      `fs-reflink: ${caller} cannot wait, and target option "${this.#option}" returned a promise for ${JSON.stringify(this.#file)}; use ${instead}, or a function that is not asynchronous`,
    );
  }
}

/** Asks a function about each of `files`, paths that messages name. Its answers are those of `call`, by position. */
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
      asked.push(answer);
      if (!isPromise(answer)) continue;
      first ??= file;
      // The function may throw for a later file, and then nobody waits for this one.
      answer.then(undefined, () => {});
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

export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | undefined | null)?.then === 'function';
}
