const turns = new Map<string, Promise<void>>();

/** Runs functions that have the same key one after the other. */
export async function exclusive<T>(key: string, act: () => Promise<T>): Promise<T> {
  const before = turns.get(key) ?? Promise.resolve();
  const running = before.then(act);
  const over = running.then(
    () => {},
    () => {},
  );
  turns.set(key, over);
  try {
    return await running;
  } finally {
    if (turns.get(key) === over) turns.delete(key);
  }
}
