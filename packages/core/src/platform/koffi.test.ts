import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Koffi, loadAddon, loadKoffi } from './koffi.ts';

const { version } = createRequire(import.meta.url)('koffi') as Koffi;
let root: string;

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'fs-reflink-koffi-'));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(root, { recursive: true });
});

test("the addon is koffi's, without koffi's search", () => {
  const dlopen = vi.spyOn(process, 'dlopen');
  expect(loadKoffi().version).toBe(version);
  expect(dlopen.mock.calls.length).toBe(1);
  expect(dlopen.mock.calls[0]![1]).toMatch(/koffi-(\w+)-(\w+)[\\/]\1_\2[\\/]koffi\.node$/);
});

test('koffi searches where there is no koffi above, its addon is not there, or cannot be loaded', () => {
  const file = path.join(root, 'a/b/file.js');
  expect(loadAddon(file)).toBeUndefined();
  const koffi = path.join(root, 'node_modules/koffi');
  mkdirSync(koffi, { recursive: true });
  expect(loadAddon(file)).toBeUndefined();
  const { platform, arch } = process;
  const addon = path.join(
    root,
    `node_modules/@koromix/koffi-${platform}-${arch}/${platform}_${arch}/koffi.node`,
  );
  mkdirSync(path.dirname(addon), { recursive: true });
  writeFileSync(addon, 'no addon');
  expect(loadAddon(file)).toBeUndefined();
});

test('an addon that koffi has for itself is taken before that beside it', () => {
  const dlopen = vi.spyOn(process, 'dlopen').mockImplementation(() => {});
  const { platform, arch } = process;
  const addon = `@koromix/koffi-${platform}-${arch}/${platform}_${arch}/koffi.node`;
  const places = ['node_modules', 'node_modules/koffi/node_modules'].map((place) =>
    path.join(root, place, addon),
  );
  mkdirSync(path.join(root, 'node_modules/koffi'), { recursive: true });
  for (const place of places) {
    mkdirSync(path.dirname(place), { recursive: true });
    writeFileSync(place, '');
    loadAddon(path.join(root, 'a/file.js'));
    expect(dlopen.mock.lastCall![1]).toBe(place);
  }
});
