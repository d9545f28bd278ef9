import { readFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { notLinux, orSkipped } from '../../../../../test/support/skip.ts';
import type { Koffi } from '../koffi.ts';
import type { Native } from '../posix/bindings.ts';
import * as status from '../status.ts';
import { loadBindings } from './bindings.ts';
import * as C from './constants.ts';
import { type PrototypeName, prototypes, signatureOf } from './prototypes.ts';

const bound = vi.hoisted((): string[] => []);

vi.mock('../koffi.ts', async (original) => {
  const { loadKoffi } = await original<typeof import('../koffi.ts')>();
  return {
    loadKoffi: () => ({
      ...loadKoffi(),
      load: (...args: Parameters<Koffi['load']>) => {
        const library = loadKoffi().load(...args);
        const func = (signature: string) => {
          bound.push(signature);
          return library.func(signature);
        };
        return { func };
      },
    }),
  };
});

describe.skipIf(notLinux)(orSkipped('bindings and their tables', notLinux), () => {
  test('everything bound is in the table, under its name and with its types', () => {
    const bindings = loadBindings();
    // Most functions are bound at their first call. koffi may refuse these arguments after that, and -1 is no open
    // file, so the calls do nothing.
    for (const call of Object.values(bindings) as Native[]) {
      try {
        call(-1, 'x', 0, 0, 0);
      } catch {}
    }
    const last: Partial<Record<PrototypeName, string>> = { openat: 'uint', fcntl: 'int', ioctl: 'int' };
    const names = Object.keys(prototypes) as PrototypeName[];
    const variadic = process.arch === 'ppc64';
    const derived = names.map((name) => signatureOf(name, variadic ? undefined : last[name]));
    if (!variadic) derived.push(signatureOf('ioctl', 'void *'));
    expect(bound.toSorted()).toEqual(derived.toSorted());
  });

  test('a system of 32 bits has no native lane', () => {
    const { arch } = process;
    try {
      Object.defineProperty(process, 'arch', { value: 'arm' });
      expect(loadBindings).toThrow('no native lane for arm');
    } finally {
      Object.defineProperty(process, 'arch', { value: arch });
    }
  });
});

test('types of C become those koffi knows', () => {
  expect(signatureOf('copy_file_range')).toBe(
    'intptr_t copy_file_range(int, void *, int, void *, size_t, uint)',
  );
  expect(signatureOf('readlinkat')).toBe('intptr_t readlinkat(int, const char *, void *, size_t)');
  expect(signatureOf('utimensat')).toBe('int utimensat(int, const char *, const void *, int)');
  expect(signatureOf('openat', 'uint')).toBe('int openat(int, const char *, int, uint)');
  expect(signatureOf('ioctl')).toBe('int ioctl(int, unsigned long, ...)');
});

test('every number that is written down is in a table the headers are compared with', () => {
  const source = readFileSync(new URL('constants.ts', import.meta.url), 'utf8');
  const written = [...source.matchAll(/^export const (\w+)(?:: number)? = (?!fs|os)/gm)].map(
    ([, name]) => name!,
  );
  const numbers = written.filter((name) => name === name.toUpperCase());
  const checked = { ...C.constants, ...C.constantsOf(process.arch) };
  expect(numbers.toSorted()).toEqual(Object.keys(checked).toSorted());
  expect(C).toMatchObject(checked);
});

test('the layout that is compared with the header is the one in use', () => {
  const file = new status.FileStatus();
  const { STATX_LAYOUT: layout } = status;
  const bytes = new DataView(file.words.buffer);
  const little = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
  expect(file.words.byteLength).toBe(layout.size);
  for (const [field, property] of [
    ['stx_uid', 'uid'],
    ['stx_gid', 'gid'],
  ] as const) {
    bytes.setUint32(layout[field]!, 77, little);
    expect(file[property]).toBe(77);
  }
  bytes.setUint16(layout.stx_mode!, 0o100644, little);
  expect(file.mode).toBe(0o100644);
  bytes.setBigUint64(layout.stx_size!, 0x2_0000_0001n, little);
  expect(file.size).toBe(0x2_0000_0001);
  bytes.setBigUint64(layout.stx_blocks!, 9n, little);
  expect(file.blocks).toBe(9);
});
