import { beforeAll, describe, expect, test } from 'vitest';
import { reasonToSkip } from '../support/optional-lanes.ts';
import { type Check, checkOfAbsent, run } from './check.ts';
import { darwinChecks } from './darwin.ts';
import { linuxChecks, linuxOf32Bits } from './linux.ts';
import { win32Checks } from './win32.ts';
import { fetchZig } from './zig.ts';

const checks = [...linuxChecks, ...darwinChecks, ...win32Checks];

const skipped = reasonToSkip('headers', () =>
  process.platform === 'linux' && process.arch === 'x64'
    ? undefined
    : `its compiler is for Linux x64, this is ${process.platform} ${process.arch}`,
);

describe.skipIf(skipped)(`tables against real headers${skipped ? ` (skipped: ${skipped})` : ''}`, () => {
  let zig: string;
  beforeAll(() => {
    zig = fetchZig();
  }, 300_000);

  describe('agree', () => {
    test.each(named(checks))('%s', async (_name, check) => {
      expect(await run(zig, check)).toEqual({ ok: true, errors: '' });
    });
  });

  describe('what is said to be absent is absent', () => {
    for (const check of checks.filter(({ absent }) => absent))
      describe(check.name, () => {
        const errors = errorsOnce(checkOfAbsent(check));
        test.each(Object.keys(check.absent!))('%s', async (name) => {
          const lines = (await errors()).split('\n').filter((line) => line.includes(`'${name}'`));
          expect(lines.join('\n')).toMatch(/error: .*(undeclared|undefined|incomplete|unknown type)/);
        });
      });
  });

  describe('would not do with 32 bits', () => {
    test.each(named(linuxOf32Bits))('%s', async (_name, check) => {
      const { errors } = await run(zig, check);
      expect(errors).toContain('struct timespec: size is 16');
      expect(errors).toContain('off_t: size is 8');
    });
  });

  describe.each(named(samples(checks)))('can fail: %s', (_name, check) => {
    // All of them in one source: the compiler reports each.
    const integer = check.target.includes('windows')
      ? { Sleep: 'void Sleep(unsigned short)' }
      : { lseek: 'off_t lseek(int, int, int)' };
    const [known, prototype] = knownFunction(check);
    const errors = errorsOnce({
      ...check,
      constants: { SEEK_SET: 7 },
      layouts: { 'struct timespec': { size: 24, tv_sec: 0, tv_nsec: 12 } },
      prototypes: {
        ...integer,
        [known]: prototype.replace('(', '(int *, '),
        nowhere: 'int nowhere(int)',
      },
    });
    const incompatible = (name: string) =>
      new RegExp(`error: incompatible function pointer types .*\\n.*checked_${name}\\b`);

    test('a wrong value', async () => {
      expect(await errors()).toContain('SEEK_SET is 7');
    });

    test('a wrong offset', async () => {
      expect(await errors()).toContain('tv_nsec is 12');
    });

    test('a wrong size', async () => {
      expect(await errors()).toContain('size is 24');
    });

    test('an integer of another width', async () => {
      expect(await errors()).toMatch(incompatible(Object.keys(integer)[0]!));
    });

    test('a wrong type', async () => {
      expect(await errors()).toMatch(incompatible(known));
    });

    test('a function no header has', async () => {
      expect(await errors()).toContain("undeclared identifier 'nowhere'");
    });

    test('a function no library has', async () => {
      const prototypes = { nowhere: 'int nowhere(int)' };
      expect(await errorsOf({ ...check, prototypes, after: 'int nowhere(int);' })).toContain('nowhere');
    });

    test('another symbol than the headers give', async () => {
      const symbols = { [known]: `${known}$ELSE` };
      expect(await errorsOf({ ...check, prototypes: { [known]: prototype }, symbols })).toContain('$ELSE');
    });
  });

  async function errorsOf(check: Check): Promise<string> {
    const { ok, errors } = await run(zig, check);
    expect(ok).toBe(false);
    return errors;
  }

  /** The errors of a check, which is compiled once for several tests. */
  function errorsOnce(check: Check): () => Promise<string> {
    let errors: Promise<string> | undefined;
    return () => (errors ??= errorsOf(check));
  }
});

function knownFunction({ target }: Check): [string, string] {
  return target.includes('windows')
    ? ['CloseHandle', 'BOOL CloseHandle(HANDLE)']
    : ['close', 'int close(int)'];
}

/** One check per kind of headers, with the functions of libc in them. */
function samples(all: Check[]): Check[] {
  const kinds = ['x86_64-linux-gnu', 'aarch64-linux-musl', 'aarch64-macos', 'x86_64-windows'];
  return kinds.flatMap((kind) => {
    const found = all.find(({ target, prototypes }) => target.startsWith(kind) && prototypes);
    return found ? [{ ...found, constants: {}, layouts: {}, prototypes: {}, absent: {} }] : [];
  });
}

/** Names as arguments of their own: inside an object they would be cut short. */
function named(all: Check[]): [string, Check][] {
  return all.map((check) => [check.name, check]);
}
