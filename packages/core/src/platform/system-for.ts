import { isArchived } from './archives.ts';
import { portableSystem } from './portable/portable.ts';
import { inC } from './raw-names.ts';
import type { SpecialFiles, System } from './system.ts';

let portable: System | undefined;

/**
 * The system that copies the files of a source directory: `system` itself, the portable one for an archive that only
 * `node:fs` can read, or one that accepts names that are not UTF-8 (`raw`).
 */
export function systemFor(
  { source, raw }: { source: string; raw?: boolean | undefined },
  system: System,
): System {
  if (isArchived(source)) return (portable ??= portableSystem('the source lies in an archive'));
  return raw ? byBytes(system) : system;
}

/** Calls that convert names that are not UTF-8 themselves, or pass them to `node:fs`. */
const AS_IT_IS = new Set(['openDirectory', 'openChild', 'unlink', 'removeDirectory', 'filesystem']);

const systems = new WeakMap<System, System>();

/**
 * A system whose calls take names that are not UTF-8. It is slower and has no fast path. Only directories with such
 * names use it, so that the calls of `system` itself need not check any name.
 */
export function byBytes(system: System): System {
  // The portable lane checks every name itself, and Windows has no such names.
  if (system.name !== 'linux' && system.name !== 'darwin') return system;
  let known = systems.get(system);
  if (!known) {
    const { specialFiles } = system;
    known = {
      ...taking(system),
      copyNewFile: undefined,
      ...(specialFiles && { specialFiles: taking<SpecialFiles>(specialFiles) }),
    };
    systems.set(system, known);
    systems.set(known, known);
  }
  return known;
}

type Call = (...given: unknown[]) => unknown;

function taking<Calls extends object>(calls: Calls): Calls {
  return Object.fromEntries(
    Object.entries(calls).map(([name, value]) => {
      if (typeof value !== 'function' || AS_IT_IS.has(name)) return [name, value];
      const call = value as Call;
      return [
        name,
        (...given: unknown[]) => call(...given.map((each) => (typeof each === 'string' ? inC(each) : each))),
      ];
    }),
  ) as Calls;
}
