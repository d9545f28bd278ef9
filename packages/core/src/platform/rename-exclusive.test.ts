import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { EEXIST, EINVAL, ENOSYS, EPERM } from './errno.ts';
import { loadBindings } from './linux/bindings.ts';
import { linuxSystem } from './linux/linux.ts';
import { portableSystem } from './portable/portable.ts';
import type { System } from './system.ts';

let home: string;
const at = (name: string) => path.join(home, name);
beforeEach(() => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), 'fs-reflink-rename-'));
  fs.writeFileSync(at('from'), 'new');
  fs.writeFileSync(at('taken'), 'old');
  fs.symlinkSync('nowhere', at('dangling'));
});
afterEach(() => {
  vi.restoreAllMocks();
  fs.rmSync(home, { recursive: true, force: true });
});

const numbers: Record<string, number> = { EINVAL, ENOSYS, EPERM };
const errnoOf = (code: string) => numbers[code]!;
const refuses = (code: string) => () => {
  throw Object.assign(new Error(code), { code, errno: -errnoOf(code) });
};
const native = (overrides: Record<string, number>): System =>
  linuxSystem({
    ...loadBindings(),
    ...Object.fromEntries(Object.entries(overrides).map(([call, errno]) => [call, () => -errno])),
  });

const systems: [what: string, system: () => System][] = [
  ['node:fs', () => portableSystem('a test')],
  [
    'node:fs on a filesystem without hard links',
    () => {
      vi.spyOn(fs, 'linkSync').mockImplementation(refuses('EPERM'));
      return portableSystem('a test');
    },
  ],
];
if (process.platform === 'linux') {
  systems.push(['native', () => native({})]);
  for (const code of ['EINVAL', 'ENOSYS', 'EPERM']) {
    const renameat2 = errnoOf(code);
    systems.push([`native, answered with ${code}`, () => native({ renameat2 })]);
    systems.push([
      `native, answered with ${code} and without hard links`,
      () => native({ renameat2, linkat: errnoOf('EPERM') }),
    ]);
  }
}

describe.each(systems)('an exclusive rename: %s', (_what, open) => {
  const rename = (to: string): number => {
    const system = open();
    const directory = system.openDirectory(home);
    if (typeof directory === 'number') throw new Error(`errno ${directory}`);
    try {
      return system.renameExclusive(directory, 'from', to);
    } finally {
      system.closeDirectory(directory);
    }
  };

  test('renames where nothing is', () => {
    expect(rename('free')).toBeGreaterThanOrEqual(0);
    expect(fs.readdirSync(home).sort()).toEqual(['dangling', 'free', 'taken']);
    expect(fs.readFileSync(at('free'), 'utf8')).toBe('new');
    expect(fs.statSync(at('free')).nlink).toBe(1);
  });

  test.each(['taken', 'dangling'])('replaces nothing: %s', (to) => {
    expect(rename(to)).toBe(-EEXIST);
    expect(fs.readdirSync(home).sort()).toEqual(['dangling', 'from', 'taken']);
    expect(fs.readFileSync(at('taken'), 'utf8')).toBe('old');
  });
});
