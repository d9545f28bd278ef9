// Runs a build in Bun. Functions of the options are called in the process that started this one.
import { readSync, writeSync } from 'node:fs';
import { decode, encode } from './wire.ts';

const CALLS = 3;
const ANSWERS = 4;

interface Answer {
  returned?: unknown;
  thrown?: unknown;
  threw: boolean;
}

/** Calls a function in the other process, and waits synchronously: some functions have to return synchronously. */
function call(id: number, given: unknown[]): unknown {
  writeSync(CALLS, `${encode({ id, given })}\n`);
  const parts: Buffer[] = [];
  const part = Buffer.alloc(65_536);
  do {
    const length = readSync(ANSWERS, part, 0, part.length, null);
    if (length === 0) throw new Error('the process that asked for the build is gone');
    parts.push(Buffer.from(part.subarray(0, length)));
  } while (parts.at(-1)!.at(-1) !== 10);
  const { threw, thrown, returned } = decode(Buffer.concat(parts).toString()) as Answer;
  if (threw) throw thrown;
  return returned;
}

const { entry, naming, options, entryPoint, outdir, times } = decode(process.argv[2]!, call) as {
  entry: string;
  naming: string;
  options: object;
  entryPoint: string;
  outdir: string | undefined;
  times: number;
};
const { default: given } = await import(entryPoint);
const reflink = given.bun ?? given;
const { Bun } = globalThis as unknown as {
  Bun: { build(options: object): Promise<{ success: boolean; logs: { message: string }[] }> };
};

const outcome: { errors: string[] } = { errors: [] };

async function build(number: number): Promise<void> {
  try {
    const { success, logs } = await Bun.build({
      entrypoints: [entry],
      ...(outdir && { outdir: `${outdir}${number || ''}` }),
      naming,
      target: 'node',
      plugins: [reflink(options)],
    });
    if (!success) outcome.errors.push(...logs.map(({ message }) => message));
  } catch (error) {
    const { message, errors } = error as AggregateError;
    outcome.errors.push(message, ...(errors ?? []).map(String));
  }
}

await Promise.all(Array.from({ length: times }, (_each, number) => build(number)));
process.stdout.write(JSON.stringify(outcome));
