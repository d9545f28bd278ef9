import { describe, expect, test, vi } from 'vitest';
import { notLinux, orSkipped } from '../../../../../test/support/skip.ts';
import { STATX_LAYOUT } from '../../../../../test/support/statx.ts';
import type { Koffi } from '../koffi.ts';
import { koffiTypes, type Native } from '../posix/bindings.ts';
import { FileStatus } from '../status.ts';
import { loadBindings, prototypes, TYPES } from './bindings.ts';

const bound = vi.hoisted((): { name: string; result: string; parameters: string[] }[] => []);

vi.mock('../koffi.ts', async (original) => {
  const { loadKoffi } = await original<typeof import('../koffi.ts')>();
  return {
    loadKoffi: () => ({
      ...loadKoffi(),
      load: (...args: Parameters<Koffi['load']>) => {
        const library = loadKoffi().load(...args);
        const func = (name: string, result: string, parameters: string[]) => {
          bound.push({ name, result, parameters });
          return library.func(name, result, parameters);
        };
        return { func };
      },
    }),
  };
});

/** What replaces variadic arguments. */
const lasts: Record<string, string[]> = { openat: ['uint32_t'], fcntl: ['int'], ioctl: ['int', 'void *'] };

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
    const variadic = process.arch === 'ppc64';
    const derived = Object.entries(prototypes).flatMap(([name, prototype]) => {
      const { result, parameters } = koffiTypes(prototype, TYPES);
      return (variadic ? ['...'] : (lasts[name] ?? ['...'])).map((last) => ({
        name,
        result,
        parameters: parameters.map((type) => (type === '...' ? last : type)),
      }));
    });
    const byName = (one: object, other: object) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1);
    expect(bound.toSorted(byName)).toEqual(derived.toSorted(byName));
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
  expect(koffiTypes(prototypes.copy_file_range, TYPES)).toEqual({
    result: 'intptr_t',
    parameters: ['int', 'void *', 'int', 'void *', 'size_t', 'uint32_t'],
  });
  expect(koffiTypes(prototypes.readlinkat, TYPES).parameters).toEqual([
    'int',
    'const char *',
    'void *',
    'size_t',
  ]);
  expect(koffiTypes(prototypes.utimensat, TYPES).parameters).toEqual([
    'int',
    'const char *',
    'void *',
    'int',
  ]);
  expect(koffiTypes(prototypes.ioctl, TYPES).parameters).toEqual(['int', 'unsigned long', '...']);
});

test('the layout that is compared with the header is the one in use', () => {
  const file = new FileStatus();
  const bytes = new DataView(file.words.buffer);
  const little = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
  expect(file.words.byteLength).toBe(STATX_LAYOUT.size);
  for (const [field, property] of [
    ['stx_uid', 'uid'],
    ['stx_gid', 'gid'],
  ] as const) {
    bytes.setUint32(STATX_LAYOUT[field]!, 77, little);
    expect(file[property]).toBe(77);
  }
  bytes.setUint16(STATX_LAYOUT.stx_mode!, 0o100644, little);
  expect(file.mode).toBe(0o100644);
  bytes.setBigUint64(STATX_LAYOUT.stx_size!, 0x2_0000_0001n, little);
  expect(file.size).toBe(0x2_0000_0001);
  bytes.setBigUint64(STATX_LAYOUT.stx_blocks!, 9n, little);
  expect(file.blocks).toBe(9);
});
