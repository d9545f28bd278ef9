import {
  type FunctionName,
  prototypes,
  symbolOf,
  TYPES,
} from '../../packages/core/src/platform/darwin/bindings.ts';
import { constants, layouts } from '../../packages/core/src/platform/darwin/constants.ts';
import { type Check, widths } from './check.ts';

const HEADERS = [
  'copyfile.h',
  'fcntl.h',
  'stdio.h',
  'unistd.h',
  'sys/attr.h',
  'sys/clonefile.h',
  'sys/mount.h',
  'sys/param.h',
  'sys/stat.h',
  'sys/time.h',
];

export const darwinChecks: Check[] = [darwin('x86_64', 'x64'), darwin('aarch64', 'arm64')];

function darwin(zig: string, node: string): Check {
  const names = Object.keys(prototypes) as FunctionName[];
  return {
    name: `macOS ${zig}`,
    target: `${zig}-macos`,
    includes: HEADERS,
    constants,
    layouts: { ...layouts, ...widths(prototypes, (type) => TYPES[type]) },
    prototypes,
    symbols: Object.fromEntries(names.map((name) => [name, symbolOf(name, node)])),
  };
}
