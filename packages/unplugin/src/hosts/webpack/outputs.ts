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

/** Counts who copies something in an output. The returned function takes it back. */
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
