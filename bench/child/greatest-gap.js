const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** For how long, at most, nothing else could run on this thread while `work` was under way. */
export async function greatestGap(work) {
  let greatest = 0;
  let running = true;
  let last = performance.now();
  const tick = () => {
    const now = performance.now();
    greatest = Math.max(greatest, now - last);
    last = now;
    if (running) setImmediate(tick);
  };
  setImmediate(tick);
  await nextTurn();
  greatest = 0;
  await work();
  await nextTurn();
  running = false;
  return greatest;
}
