import { readdirSync, readSync, writeSync } from 'node:fs';
import os from 'node:os';
import type { TransferSettings } from '../../packages/core/src/model/settings.ts';
import { type Bindings, loadBindings } from '../../packages/core/src/platform/linux/bindings.ts';
import { linuxSystem } from '../../packages/core/src/platform/linux/linux.ts';
import { type Copied, SystemBench } from './system-bench.ts';

export type { Copied };
export type Overrides = (real: Bindings) => Partial<Bindings>;

const { errno } = os.constants;

export function errnoOf(name: string): number {
  const number = (errno as Record<string, number>)[name];
  if (number === undefined) throw new Error(`${name} is not known here`);
  return number;
}

/** A bench that copies files with Linux's system calls, some of which fail as a test requires. */
export class Bench extends SystemBench {
  constructor(
    overrides: Overrides,
    settings: Partial<TransferSettings> = {},
    places: { source?: string; destination?: string; tree?: string } = {},
  ) {
    const real = loadBindings();
    super(linuxSystem({ ...real, ...overrides(real) }), settings, places);
  }
}

/** An `ioctl` that copies the bytes as FICLONE would, on a filesystem that cannot clone. */
export function pretendToClone(destination: number, _request: number, source: number): number {
  const buffer = Buffer.alloc(1024 * 1024);
  for (let position = 0; ; ) {
    const got = readSync(source, buffer, 0, buffer.length, position);
    if (got === 0) return 0;
    writeSync(destination, buffer, 0, got, position);
    position += got;
  }
}

/** The number of descriptors that this process has open. */
export function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}
