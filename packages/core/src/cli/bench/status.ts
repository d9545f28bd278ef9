/** Shows the current step in one line that the next step overwrites. Only on a terminal. */
export function status(wanted: boolean): { show(text: string): void; clear(): void } {
  const stream = process.stderr;
  const isShown = wanted && stream.isTTY;
  const write = (text: string) => {
    if (isShown) stream.write(`\r\u001b[K${text}`);
  };
  return { show: write, clear: () => write('') };
}
