import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { mountFilesystem, unavailable } from '../test/support/filesystems.ts';
import { race, type Series } from './harness.ts';
import { describeMachine } from './machine.ts';
import { type Row, rowsFor, works } from './rows.ts';
import { type BenchKind, benchKinds, Stage } from './stage.ts';
import { seriesTable, verdictTable } from './table.ts';
import { judge, type Verdict } from './targets.ts';

const IMAGE_MIB = 8 * 1024;

const usage = `usage: pnpm bench [options]
  --filesystem NAME  ${benchKinds.join(', ')}; may be repeated
  --work NAME        ${works.join(', ')}; may be repeated
  --rounds NUMBER    that count, after three that warm up (default 5)
  --quick            less of everything, once: shows that it works, its figures mean nothing
  --json FILE        every single value
  --engine FILE      another build of fs-reflink`;

const { values: flags } = parseArgs({
  // pnpm hands the -- on that separates its own flags.
  args: process.argv.slice(2).filter((argument) => argument !== '--'),
  options: {
    filesystem: { type: 'string', multiple: true, default: benchKinds },
    work: { type: 'string', multiple: true, default: [...works] },
    rounds: { type: 'string', default: '5' },
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
    engine: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

interface Result extends Verdict {
  on: string;
}
interface Measurement {
  filesystem: BenchKind;
  work: string;
  volume: string;
  title: string;
  series: Series[];
  verdicts: Verdict[];
}

if (flags.help) console.log(usage);
else await main();

async function main(): Promise<void> {
  expectKnown('filesystem', flags.filesystem, benchKinds);
  expectKnown('work', flags.work, works);
  if (!(Number(flags.rounds) >= 1)) throw new Error(`--rounds ${flags.rounds}: it is a number from 1`);
  if (flags.engine) process.env.REFLINK_BENCH_ENGINE = pathToFileURL(resolve(flags.engine)).href;
  const machine = describeMachine();
  for (const [name, value] of Object.entries(machine)) console.log(`${name.padEnd(9)} ${value}`);
  const measurements: Measurement[] = [];
  for (const kind of benchKinds.filter((kind) => flags.filesystem.includes(kind))) {
    measurements.push(...(await measureOn(kind)));
  }
  printVerdicts(measurements);
  if (flags.json) writeFileSync(flags.json, `${JSON.stringify({ machine, measurements }, undefined, 2)}\n`);
}

async function measureOn(kind: BenchKind): Promise<Measurement[]> {
  const reason = unavailable(kind);
  if (reason) {
    console.log(`\n${kind}: skipped, ${reason}`);
    return [];
  }
  using filesystem = mountFilesystem(kind, { sizeMiB: IMAGE_MIB });
  const stage = new Stage(kind, filesystem.path, flags.quick);
  try {
    const measurements: Measurement[] = [];
    for (const row of rowsFor(kind).filter(({ work }) => flags.work.includes(work))) {
      measurements.push(await measure(row, stage));
    }
    return measurements;
  } finally {
    await stage.close();
  }
}

async function measure(row: Row, stage: Stage): Promise<Measurement> {
  console.log(`\n${stage.kind} · ${row.title}${flags.quick ? ' (much less of it: --quick)' : ''}`);
  const series = await race(await row.contenders(stage), {
    from: stage.source(row.volume),
    scratch: stage.scratch,
    rounds: flags.quick ? 1 : Number(flags.rounds),
    // V8 compiles a worker's hot code during its first three copies of this size.
    warmUps: flags.quick ? 0 : 3,
    ...(row.countNewData && { countNewData: true }),
  });
  console.log(seriesTable(series));
  const { work, volume, title } = row;
  return { filesystem: stage.kind, work, volume, title, series, verdicts: judge(row.targets, series) };
}

function printVerdicts(measurements: Measurement[]): void {
  console.log(`\nFigures, by medians${flags.quick ? ' (--quick: they mean nothing)' : ''}`);
  const results: Result[] = measurements.flatMap(({ filesystem, work, volume, verdicts }) =>
    verdicts.map((verdict) => ({ on: [...new Set([filesystem, work, volume])].join(', '), ...verdict })),
  );
  console.log(verdictTable(results));
}

function expectKnown(flag: string, given: readonly string[], known: readonly string[]): void {
  for (const value of given) {
    if (!known.includes(value)) throw new Error(`--${flag} ${value}: it is one of ${known.join(', ')}`);
  }
}
