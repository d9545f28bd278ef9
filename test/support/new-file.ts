import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import type { CopyError } from '../../packages/core/src/errors.ts';
import type { CopyOptions } from '../../packages/core/src/options.ts';
import type { NewFileOptions, System } from '../../packages/core/src/platform/system.ts';
import { copyBy } from './copy-by.ts';

/** A mode that the usual umask does not allow, so that it has to be set. */
const MODE = 0o626;
const MODIFIED = 1_500_000_000_250_000_000n;

/** The options of the fast path without any special request. */
export const USUAL: NewFileOptions = {
  clonesOnly: false,
  ownership: false,
  special: false,
  extended: undefined,
  hasCopy: undefined,
};

/** The call that fails when the file `file` is copied. */
export interface Call<Bindings> {
  name: string;
  /**
   * Whether the call is made only for files that are cloned, or only for those that are copied; undefined: for both.
   */
  of?: 'cloned' | 'copied';
  /** The call sets the times of the new file. */
  setsTimes?: boolean;
  /** The call creates the clone. */
  clones?: boolean;
  /** Whether the fast path still copies the file if this call returns that error number. */
  copies?(errno: number): boolean;
  fail(real: Bindings, isOurs: (fd: number) => boolean, errno: number): Partial<Bindings>;
}

/** A system under test. */
export interface Lane<Bindings> {
  /** The parent of a new directory for each test. */
  place(): string;
  /** Whether the fast path clones files. */
  clones: boolean;
  /** The permissions of a copy. */
  mode: number;
  calls: readonly Call<Bindings>[];
  /** If the fast path can preserve all attributes. */
  archive?: {
    /** Gives a file another owner, setuid and an extended attribute. */
    prepare(file: string): void;
    /** The additional system calls for such a file. */
    calls: readonly Call<Bindings>[];
  };
  errors: readonly { name: string; errno: number }[];
  /** The real calls. The call that clones works, or reports that it cannot. */
  real(clones: boolean): Bindings;
  /**
   * Keeps in `ours` the open descriptors of files in directories called `from`, under their own or a temporary name.
   */
  track(bindings: Bindings, ours: Set<number>): Bindings;
  /** The number of open files. */
  countOpen(): number;
  system(bindings: Bindings): System;
}

/** What all tests of one system share. */
export class NewFiles<Bindings> {
  readonly content: Buffer = randomBytes(3000);
  home = '';
  readonly #lane: Lane<Bindings>;

  constructor(lane: Lane<Bindings>) {
    this.#lane = lane;
    beforeEach(() => {
      this.home = fs.mkdtempSync(path.join(lane.place(), 'fs-reflink-new-file-'));
      for (const name of ['first', 'from']) fs.mkdirSync(path.join(this.home, name));
      // The first file of a copy shows whether files can be cloned.
      this.#write('first/first', this.content);
      this.write('file', this.content);
    });
    afterEach(() => fs.rmSync(this.home, { recursive: true, force: true }));
  }

  write(name: string, bytes: string | Uint8Array): void {
    this.#write(path.join('from', name), bytes);
  }

  #write(name: string, bytes: string | Uint8Array): void {
    const file = path.join(this.home, name);
    fs.writeFileSync(file, bytes);
    fs.chmodSync(file, MODE);
    fs.utimesSync(file, 1_600_000_000.125, 1_500_000_000.25);
  }

  /** The destination of `file`. */
  get destination(): string {
    return path.join(this.home, 'out', 'from', 'file');
  }

  /** The real calls, except that `call` fails for `file`. */
  bindings(clones: boolean, call?: Call<Bindings>, errno = 0): Bindings {
    const real = this.#lane.real(clones);
    const ours = new Set<number>();
    const failing: Bindings = { ...real, ...call?.fail(real, (fd) => ours.has(fd), errno) };
    return this.#lane.track(failing, ours);
  }

  system(clones: boolean, overrides: (real: Bindings) => Partial<Bindings> = () => ({})): System {
    const real = this.bindings(clones);
    return this.#lane.system({ ...real, ...overrides(real) });
  }

  copy(system: System, options: CopyOptions = {}) {
    const targets = [
      { from: 'first', to: 'out' },
      { from: 'from', to: 'out/from' },
    ];
    const { tally, error } = copyBy(system, targets, { cwd: this.home, entries: true, ...options });
    return { tally, error: error as CopyError | undefined };
  }

  /** The files and the report of a copy, as far as they must not depend on the path that a file takes. */
  outcomeOf(system: System, options: CopyOptions = {}) {
    fs.rmSync(path.join(this.home, 'out'), { recursive: true, force: true });
    const open = this.#lane.countOpen();
    const { tally, error } = this.copy(system, options);
    expect(this.#lane.countOpen()).toBe(open);
    const directory = path.join(this.home, 'out/from');
    const names = fs.existsSync(directory) ? fs.readdirSync(directory).sort() : [];
    return {
      code: error?.code,
      source: error?.source,
      destination: error?.destination,
      method: error?.method,
      syscall: error?.syscall,
      files: tally.files,
      methods: tally.methods,
      lost: tally.lost,
      left: names.map((name) => {
        const { mode, mtimeNs, size, uid, gid } = fs.statSync(path.join(directory, name), { bigint: true });
        return { name, mode, size, hasTimes: mtimeNs === MODIFIED, owner: `${uid}:${gid}` };
      }),
    };
  }

  /** Expects the results `answers` of the fast path, and that a copy without it has the same outcome. */
  expectSameOutcome(
    make: () => System,
    answers: number[],
    options: CopyOptions = {},
  ): ReturnType<NewFiles<Bindings>['outcomeOf']> {
    const watched = watch(make());
    const fast = this.outcomeOf(watched.system, options);
    expect(watched.answers).toEqual(answers);
    const { copyNewFile: _none, ...careful } = make();
    expect(fast).toEqual(this.outcomeOf(careful, options));
    return fast;
  }
}

/** Records the results of the fast path, except for the first file. */
export function watch(system: System): { system: System; answers: number[] } {
  const answers: number[] = [];
  const copyNewFile: System['copyNewFile'] = (...args) => {
    const answer = system.copyNewFile!(...args);
    if (args[1] !== 'first') answers.push(answer);
    return answer;
  };
  return { system: { ...system, copyNewFile }, answers };
}
