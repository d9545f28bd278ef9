import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import type { CopyError } from '../../packages/core/src/errors.ts';
import { Queue } from '../../packages/core/src/execute/queue.ts';
import { runWhole } from '../../packages/core/src/execute/run-whole.ts';
import { type CopyOptions, resolveCopyOptions } from '../../packages/core/src/options.ts';
import type { NewFileCalls } from '../../packages/core/src/platform/posix/new-file.ts';
import type { System } from '../../packages/core/src/platform/system.ts';
import { openDescriptors } from './injected.ts';

/** Not what the usual umask leaves: it has to be set. */
export const MODE = 0o626;
const MODIFIED = 1_500_000_000_250_000_000n;

/** Those that the tables of errors have, and a few that they do not. */
export const ERRNOS: readonly string[] =
  'EACCES EAGAIN EBADF EDEADLK EDQUOT EEXIST EFBIG EINTR EINVAL EIO EISDIR ELOOP EMFILE ENAMETOOLONG ENFILE ENODEV ENOENT ENOMEM ENOSPC ENOSYS ENOTDIR ENOTSUP ENOTTY ENXIO EOVERFLOW EPERM EROFS ESTALE ETXTBSY EXDEV'.split(
    ' ',
  );

/** The calls that both systems have. */
export type Shared = Pick<
  NewFileCalls,
  'openat' | 'close' | 'read' | 'write' | 'futimens' | 'fchmod' | 'unlinkat'
>;

/** Which call of the copy of the file `file` fails. */
export interface Call<Bindings> {
  name: string;
  /** Whether it is made for files that are cloned, for those that are copied, or for both. */
  of?: 'cloned' | 'copied';
  /** It clones: where it answers that two devices cannot do that, the fast path copies. */
  clones?: boolean;
  fail(real: Bindings, isOurs: (fd: number) => boolean, errno: number): Partial<Bindings>;
}

/** One call by descriptor. */
export const failingByFd =
  <Name extends string, Bindings extends { [name in Name]: (fd: number, ...rest: never[]) => number }>(
    name: Name,
  ): Call<Bindings>['fail'] =>
  (real, isOurs, errno) =>
    ({
      [name]: (fd: number, ...rest: never[]) => (isOurs(fd) ? -errno : real[name](fd, ...rest)),
    }) as unknown as Partial<Bindings>;

/** The calls that both systems make. `O_CREAT` is the system's; `of`: which files are open for writing there. */
export function sharedCalls<Bindings extends Shared>(O_CREAT: number, of?: 'copied'): Call<Bindings>[] {
  const opening =
    (creates: boolean): Call<Bindings>['fail'] =>
    (real, _isOurs, errno) =>
      ({
        openat: (at, name, flags, mode) =>
          name === 'file' && ((flags & O_CREAT) !== 0) === creates
            ? -errno
            : real.openat(at, name, flags, mode),
      }) as Partial<Bindings>;
  return [
    { name: 'openat of the source', fail: opening(false) },
    { name: 'openat of the destination', ...(of && { of }), fail: opening(true) },
    { name: 'read', of: 'copied', fail: failingByFd('read') },
    { name: 'write', of: 'copied', fail: failingByFd('write') },
    { name: 'futimens', ...(of && { of }), fail: failingByFd('futimens') },
    { name: 'fchmod', ...(of && { of }), fail: failingByFd('fchmod') },
  ];
}

/** A system under test. */
export interface Lane<Bindings extends Shared> {
  /** A new directory is made in it for each test. */
  place(): string;
  /** The real calls, of which the one that clones works or answers that it cannot. */
  real(clones: boolean): Bindings;
  system(bindings: Bindings): System;
  calls: Call<Bindings>[];
}

/** What the tests of one system have in common, and its own may use. */
export class NewFiles<Bindings extends Shared> {
  readonly content: Buffer = randomBytes(3000);
  home = '';
  readonly #lane: Lane<Bindings>;

  constructor(lane: Lane<Bindings>) {
    this.#lane = lane;
    beforeEach(() => {
      this.home = fs.mkdtempSync(path.join(lane.place(), 'fs-reflink-new-file-'));
      for (const name of ['first', 'from']) fs.mkdirSync(path.join(this.home, name));
      // The first file of a copy tells whether files can be cloned.
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

  /** Where `file` goes. */
  get destination(): string {
    return path.join(this.home, 'out/from/file');
  }

  /** The real calls, the ones that `call` makes fail for `file` alone. */
  bindings(clones: boolean, call?: Call<Bindings>, errno = 0): Bindings {
    const real = this.#lane.real(clones);
    const ours = new Set<number>();
    const failing: Bindings = { ...real, ...call?.fail(real, (fd) => ours.has(fd), errno) };
    return {
      ...failing,
      // Under its own name or a temporary one, in the directory of `file`.
      openat: (at, name, flags, mode) => {
        const fd = failing.openat(at, name, flags, mode);
        const opened = fd >= 0 ? fs.readlinkSync(`/proc/self/fd/${fd}`) : '';
        if (fs.existsSync(opened) && fs.statSync(opened).isFile() && opened.includes('/from/')) ours.add(fd);
        return fd;
      },
      close: (fd) => {
        ours.delete(fd);
        return failing.close(fd);
      },
    };
  }

  system(clones: boolean, overrides: (real: Bindings) => Partial<Bindings> = () => ({})): System {
    const real = this.bindings(clones);
    return this.#lane.system({ ...real, ...overrides(real) });
  }

  copy(system: System, options: CopyOptions = {}) {
    const { targets, transfer, ...plan } = resolveCopyOptions(
      [
        { from: 'first', to: 'out' },
        { from: 'from', to: 'out/from' },
      ],
      { cwd: this.home, ...options },
    );
    const job = { transfer, dryRun: false, entries: true, progress: false, recorded: false };
    const hooks = { progress() {}, large() {}, planned() {} };
    const queue = new Queue({ records: false, outcomes: false });
    const { tally, error } = runWhole(queue, job, { ...plan, targets }, system, hooks);
    return { tally, error: error as CopyError | undefined };
  }

  /** What a copy leaves and says, as far as it may not depend on the path that a file takes. */
  outcomeOf(system: System) {
    fs.rmSync(path.join(this.home, 'out'), { recursive: true, force: true });
    const open = openDescriptors();
    const { tally, error } = this.copy(system);
    expect(openDescriptors()).toBe(open);
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
      left: names.map((name) => {
        const { mode, mtimeNs, size } = fs.statSync(path.join(directory, name), { bigint: true });
        return { name, mode, size, hasTimes: mtimeNs === MODIFIED };
      }),
    };
  }

  /** Expects that a copy leaves and says the same without the fast path, and what that answered. */
  expectSameOutcome(make: () => System, answers: number[]): ReturnType<NewFiles<Bindings>['outcomeOf']> {
    const watched = watch(make());
    const fast = this.outcomeOf(watched.system);
    expect(watched.answers).toEqual(answers);
    const { copyNewFile: _none, ...careful } = make();
    expect(fast).toEqual(this.outcomeOf(careful));
    return fast;
  }
}

/** Notes what the fast path answered, but for the first file. */
export function watch(system: System): { system: System; answers: number[] } {
  const answers: number[] = [];
  const copyNewFile: System['copyNewFile'] = (...args) => {
    const answer = system.copyNewFile!(...args);
    if (args[1] !== 'first') answers.push(answer);
    return answer;
  };
  return { system: { ...system, copyNewFile }, answers };
}
