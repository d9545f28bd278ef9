import { expect, test } from 'vitest';
import { loadBindings } from '../platform/linux/bindings.ts';
import { linuxSystem } from '../platform/linux/linux.ts';
import { portableSystem } from '../platform/portable/portable.ts';
import { dryRunSystem } from './dry-run-system.ts';

/** These change nothing. */
const reads = [
  'directAlignment',
  'fileStatus',
  'filesystem',
  'isLayered',
  'isPseudo',
  'isWrittenOut',
  'ladder',
  'openSource',
  'quickStatus',
  'read',
  'readLink',
];
/** These need a descriptor, and a dry run opens no file for writing. */
const onDescriptors = [
  'close',
  'copyAttributes',
  'reset',
  'rewind',
  'setMode',
  'setOwner',
  'setTimes',
  'sync',
  'write',
];

const systems = [
  portableSystem(undefined),
  ...(process.platform === 'linux' ? [linuxSystem(loadBindings())] : []),
];

test.each(systems.map((system) => [system.name, system] as const))(
  'a dry run takes from the system %s only calls that change nothing',
  (_name, real) => {
    const dry = dryRunSystem(real) as unknown as Record<string, unknown>;
    const calls = Object.entries(real).filter(
      ([name, each]) => typeof each === 'function' || (typeof each === 'object' && name !== 'methods'),
    );
    const taken = calls.flatMap(([name, each]) => (dry[name] === each ? [name] : []));
    expect(taken.filter((name) => ![...reads, ...onDescriptors].includes(name))).toEqual([]);
  },
);
