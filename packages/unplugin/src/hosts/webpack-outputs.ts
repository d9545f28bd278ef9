import type { Compiler } from 'webpack';
import type { WebpackTarget } from './webpack-targets.ts';

/** Copies into one directory, one after the other: several compilers may write there. */
export async function inTurn<T>(directory: string, act: () => Promise<T>): Promise<T> {
  const before = turns.get(directory);
  const turn = (async () => {
    await before;
    return act();
  })();
  const ended = turn.then(
    () => {},
    () => {},
  );
  turns.set(directory, ended);
  try {
    return await turn;
  } finally {
    if (turns.get(directory) === ended) turns.delete(directory);
  }
}

const turns = new Map<string, Promise<void>>();

/** Counts who places something in an output. The returned function takes it back. */
export function registerOutput(directory: string): () => void {
  placers.set(directory, (placers.get(directory) ?? 0) + 1);
  let isRegistered = true;
  return () => {
    if (isRegistered) placers.set(directory, placers.get(directory)! - 1);
    isRegistered = false;
  };
}

export function isShared(directory: string): boolean {
  return placers.get(directory) !== 1;
}

const placers = new Map<string, number>();

/**
 * What tells one plugin's files from another's in the same output, also in the next run of the same configuration.
 * Compilers that are built together are made in one turn, in order; those that place the same have the same name.
 */
export function ownName(
  { options: { name = '', output } }: Compiler,
  targets: readonly WebpackTarget[],
): string {
  const key = `${output.path} ${name}`;
  const known = inThisTurn.get(key) ?? [];
  if (inThisTurn.size === 0) setImmediate(() => inThisTurn.clear());
  inThisTurn.set(key, known);
  const wanted = signatureOf(targets);
  const found = known.indexOf(wanted);
  const number = found < 0 ? known.push(wanted) - 1 : found;
  return `webpack-${name.replace(/[^\w-]/g, '_')}${number}`;
}

const inThisTurn = new Map<string, string[]>();

let functions = 0;

/** Nobody knows whether two functions do the same. */
function signatureOf(targets: readonly WebpackTarget[]): string {
  return JSON.stringify(targets, (_key, value) =>
    typeof value === 'function' ? `function ${functions++}` : value,
  );
}
