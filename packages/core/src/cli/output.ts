import { styleText } from 'node:util';

const GONE = new Set(['EPIPE', 'ERR_STREAM_DESTROYED']);

/**
 * If the reader of the output has ended (`| head`), further output is dropped and the work continues. Output that is
 * lost for another reason, such as a full disk, is a failure.
 */
export function droppingBrokenPipes(): void {
  let isSaid = false;
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (GONE.has(error.code ?? '')) return;
      // Report this only once, not for each line.
      const says = stream === process.stdout && !isSaid;
      isSaid ||= says;
      if (says) complain(`cannot write to standard output: ${error.message}`);
      process.exitCode = 1;
    });
  }
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

/** Prints a line for the user that is not a result: an error, a warning, the progress. */
export function complain(text: string): void {
  process.stderr.write(`fs-reflink: ${text}\n`);
}

type Style = Parameters<typeof styleText>[0];

/** Colours the text if the output is a terminal with colours; `NO_COLOR` and `TERM=dumb` are respected. */
export function paint(style: Style, text: string): string {
  const { stdout } = process;
  return stdout.isTTY && stdout.hasColors() ? styleText(style, text) : text;
}
