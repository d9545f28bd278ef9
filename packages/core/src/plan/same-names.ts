import fs from 'node:fs';
import path from 'node:path';
import { tryOr } from '../platform/path-status.ts';
import { ASCII, fold, ignoresCase, looksUpAnyCase, nearestExisting } from '../platform/spelling.ts';
import { PREFIX } from '../transfer/temporary.ts';

/**
 * Decides whether names that are equal after {@link fold} are one file in the destination. Only for such names is the
 * filesystem checked: once for ASCII letters, and once for each other pair, because filesystems differ in the letters
 * they know.
 */
export class SameNames {
  readonly #mayWrite: boolean;
  readonly #answers = new Map<string, boolean>();

  /** `mayWrite`: whether an empty file may be created for a moment, if lookups are not enough to decide. */
  constructor(mayWrite: boolean) {
    this.#mayWrite = mayWrite;
  }

  /** For absolute paths, which need not exist. */
  isSamePath(one: string, other: string): boolean {
    if (one === other) return true;
    const names = one.split(path.sep);
    const others = other.split(path.sep);
    if (names.length !== others.length) return false;
    return names.every((name, depth) => {
      const parent = names.slice(0, depth).join(path.sep) + path.sep;
      return name === others[depth] || this.#isSame(parent, name, others[depth]!);
    });
  }

  #isSame(parent: string, one: string, other: string): boolean {
    if (fold(one) !== fold(other)) return false;
    const directory = nearestExisting(parent);
    const isAscii = ASCII.test(one) && ASCII.test(other);
    const key = isAscii ? directory : [directory, one, other].join('\0');
    let answer = this.#answers.get(key);
    if (answer === undefined) this.#answers.set(key, (answer = this.#ask(directory, one, other, isAscii)));
    return answer;
  }

  #ask(directory: string, one: string, other: string, isAscii: boolean): boolean {
    const looked = isAscii ? looksUpAnyCase(directory) : undefined;
    const tried = looked ?? (this.#mayWrite ? tryBoth(directory, one, other) : undefined);
    if (tried !== undefined) return tried;
    const differInCase = one.normalize('NFC') !== other.normalize('NFC');
    return differInCase ? ignoresCase(directory) : process.platform === 'darwin';
  }
}

/**
 * Creates a file under one name and looks up the other, in a temporary directory. Returns undefined if that fails.
 */
function tryBoth(directory: string, one: string, other: string): boolean | undefined {
  // If this fails, copying the first file there reports what is wrong with the directory or the name.
  return tryOr(undefined, () => {
    const trial = fs.mkdtempSync(path.join(directory, PREFIX));
    try {
      fs.writeFileSync(path.join(trial, one), '', { flag: 'wx' });
      return fs.lstatSync(path.join(trial, other), { throwIfNoEntry: false }) !== undefined;
    } finally {
      fs.rmSync(trial, { recursive: true, force: true });
    }
  });
}
