import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { cannotMount, mountFilesystem } from '../test/support/filesystems.ts';
import { race } from './harness.ts';
import { describeMachine, isBusy, waitUntilIdle } from './machine.ts';
import { findNode, type NodeMajor, nodeMajors } from './nodes.ts';
import { type Measurement, type Results, titleOf } from './results.ts';
import { chapters, type Row } from './rows/row.ts';
import { allWorks, rowsOn } from './rows/rows.ts';
import { type BenchKind, benchKinds, Stage } from './stage.ts';
import { pivotTable, seriesTable, summaryTable, verdictTable } from './table.ts';
import { judge, LOOP } from './targets.ts';

/** Sparse: takes what is written to it. The largest source twice, and room to breathe. */
const IMAGE_MIB = 40 * 1024;

const works = allWorks(benchKinds);
const usage = `usage: pnpm bench [options]
  --chapter NAME     ${chapters.join(', ')}; may be repeated
  --filesystem NAME  ${benchKinds.join(', ')}; may be repeated
  --work NAME        only these; may be repeated:
                     ${works.join(', ')}
  --node MAJOR       ${nodeMajors.join(', ')}; may be repeated. Where it is not the one that runs this, npm has it
  --wait-idle        begins when the load is low enough
  --rounds NUMBER    that count, instead of each row's own number
  --quick            less of everything, once: shows that it works, its figures mean nothing
  --out DIRECTORY    where a page with charts, tables and every single value goes (default bench/results)
  --docs             writes docs/benchmarks.md and the figures of README.md anew, too
  --resume           measures only what is not in the benchmarks.json of --out yet
  --from FILE        measures nothing: takes the benchmarks.json of an earlier run
  --engine FILE      another build of fs-reflink`;

const { values: flags } = parseArgs({
  // pnpm hands the -- on that separates its own flags.
  args: process.argv.slice(2).filter((argument) => argument !== '--'),
  options: {
    chapter: { type: 'string', multiple: true, default: [...chapters] },
    filesystem: { type: 'string', multiple: true, default: benchKinds },
    work: { type: 'string', multiple: true, default: [] },
    node: { type: 'string', multiple: true, default: nodeMajors.map(String) },
    'wait-idle': { type: 'boolean', default: false },
    rounds: { type: 'string' },
    quick: { type: 'boolean', default: false },
    out: { type: 'string', default: fileURLToPath(new URL('results', import.meta.url)) },
    docs: { type: 'boolean', default: false },
    resume: { type: 'boolean', default: false },
    from: { type: 'string' },
    engine: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

const wanted = {
  chapters: flags.chapter,
  works: flags.work,
  nodes: flags.node.map(Number) as NodeMajor[],
};

if (flags.help) console.log(usage);
else {
  await main();
  console.log(`took ${Math.round(performance.now() / 1000)} s`);
}

async function main(): Promise<void> {
  expectKnown('chapter', flags.chapter, chapters);
  expectKnown('filesystem', flags.filesystem, benchKinds);
  expectKnown('work', flags.work, works);
  expectKnown('node', flags.node, nodeMajors.map(String));
  if (flags.rounds !== undefined && !(Number(flags.rounds) >= 1))
    throw new Error(`--rounds ${flags.rounds}: it is a number from 1`);
  if (flags.docs && flags.quick) throw new Error('--docs with --quick: figures of --quick mean nothing');
  if (flags.engine) process.env.REFLINK_BENCH_ENGINE = pathToFileURL(resolve(flags.engine)).href;
  const results: Results = flags.from ? JSON.parse(readFileSync(flags.from, 'utf8')) : await measureAll();
  // Only here: drawing takes a library that measuring does without.
  const { writeDocs, writePage } = await import('./report/docs.ts');
  console.log();
  for (const file of writePage(results, resolve(flags.out)).files) console.log(`wrote ${file}`);
  if (flags.docs) for (const file of writeDocs(results)) console.log(`wrote ${file}`);
}

async function measureAll(): Promise<Results> {
  const { versions, missing } = findNodes();
  if (flags['wait-idle']) await waitUntilIdle();
  const machine = describeMachine(versions);
  for (const [name, value] of Object.entries(machine)) console.log(`${name.padEnd(9)} ${value}`);
  if (isBusy(machine.load))
    console.log('WARNING: the machine is busy, so the figures are noisy; --wait-idle waits');
  const results: Results = { machine, quick: flags.quick, missing, measurements: [] };
  if (flags.resume) takeOver(results);
  for (const kind of benchKinds.filter((kind) => flags.filesystem.includes(kind))) {
    await measureOn(kind, results);
  }
  printVerdicts(results.measurements);
  for (const each of missing) console.log(`\nNOT MEASURED: ${each}`);
  if (missing.length > 0) process.exitCode = 1;
  return results;
}

/** The versions of Node.js that were asked for, and those of them that are not to be had, as far as rows need them. */
function findNodes(): { versions: string[]; missing: string[] } {
  const rows = benchKinds.flatMap((kind) => (flags.filesystem.includes(kind) ? rowsOn(kind, wanted) : []));
  const majors = nodeMajors.filter((major) => rows.some(({ node }) => node === major));
  const versions = new Set([process.versions.node]);
  const missing: string[] = [];
  for (const major of majors) {
    try {
      versions.add(findNode(major).version);
    } catch (error) {
      // The last line is the reason that npm gives.
      const reason = (error as Error).message.trim().split('\n').at(-1);
      missing.push(`Node.js ${major}: ${reason}`);
      wanted.nodes = wanted.nodes.filter((each) => each !== major);
    }
  }
  return { versions: [...versions].map((version) => `v${version}`), missing };
}

/** Adds what an earlier run has left, on the same machine and of the same sort. */
function takeOver({ machine, quick, measurements }: Results): void {
  const file = join(flags.out, 'benchmarks.json');
  if (!existsSync(file)) return;
  const before: Results = JSON.parse(readFileSync(file, 'utf8'));
  // Which other Node.js took part depends on the chapters.
  const own = ({ node = '' }: Results['machine']) => node.split(', ')[0];
  const same = (of: Results['machine'], less: boolean) =>
    JSON.stringify([{ ...of, date: '', load: '', node: own(of) }, less]);
  if (same(before.machine, before.quick) !== same(machine, quick))
    throw new Error(`--resume: ${file} is of another machine, other versions or a --quick run`);
  const nodes = [before.machine, machine].flatMap(({ node = '' }) => node.split(', '));
  machine.node = [...new Set(nodes)].join(', ');
  machine.load = `${before.machine.load}; ${machine.load}`;
  measurements.push(...before.measurements);
}

async function measureOn(kind: BenchKind, results: Results): Promise<void> {
  const measured = results.measurements.filter(({ filesystem }) => filesystem === kind);
  const isMeasured = (row: Row) => measured.some((each) => titleOf(each) === titleOf(row));
  const rows = rowsOn(kind, wanted).filter((row) => !isMeasured(row));
  if (rows.length === 0) return;
  const reason = cannotMount(kind);
  if (reason) return console.log(`\n${kind}: skipped, ${reason}`);
  using filesystem = mountFilesystem(kind, { sizeMiB: kind === 'tmpfs' ? 8 * 1024 : IMAGE_MIB });
  const stage = new Stage(kind, filesystem.path, flags.quick);
  try {
    // Those that have to be of some age get it while others are measured.
    for (const { aged, volume } of rows) if (aged && !flags.quick) await stage.source(volume);
    for (const row of rows) {
      results.measurements.push(await measure(row, stage));
      // A run that does not come to its end has not measured for nothing.
      mkdirSync(flags.out, { recursive: true });
      writeFileSync(join(flags.out, 'benchmarks.json'), JSON.stringify(results));
      if (row.scale) stage.forget(row.volume);
    }
  } finally {
    await stage.close();
  }
}

async function measure(row: Row, stage: Stage): Promise<Measurement> {
  const { chapter, work, volume, title, node, scale } = row;
  console.log(`\n${stage.kind} · ${titleOf(row)}${flags.quick ? ' (much less of it: --quick)' : ''}`);
  const series = await race(await row.contenders(stage), {
    from: await (row.aged && !flags.quick ? stage.aged(volume) : stage.source(volume)),
    scratch: stage.scratch,
    rounds: flags.quick ? 1 : Number(flags.rounds ?? row.rounds ?? 5),
    warmUps: flags.quick ? 0 : (row.warmUps ?? 1),
    // More than fits into the memory of a small machine would be read from the disk again anyway.
    prefetch: scale?.amount !== 1e10,
    ...(row.countNewData && { countNewData: true }),
  });
  console.log(
    chapter === 'promises'
      ? seriesTable(series)
      : pivotTable(series, chapter === 'engine' ? LOOP : undefined),
  );
  const verdicts = judge(row.targets, series);
  return {
    ...{ chapter, filesystem: stage.kind, work, volume, title, series, verdicts },
    ...(node && { node }),
    ...(scale && { scale }),
  };
}

function printVerdicts(measurements: Measurement[]): void {
  const results = measurements.flatMap(({ filesystem, work, volume, verdicts }) =>
    verdicts
      .filter(({ figure }) => !figure)
      .map((verdict) => ({ on: [...new Set([filesystem, work, volume])].join(', '), ...verdict })),
  );
  const heading = `\nFigures, by medians${flags.quick ? ' (--quick: they mean nothing)' : ''}`;
  if (results.length > 0) console.log(`${heading}\n${verdictTable(results)}`);
  for (const name of chapters) {
    const table = summaryTable(measurements.filter(({ chapter }) => chapter === name));
    if (table) console.log(`${heading}, ${name}; targets in brackets\n${table}`);
  }
}

function expectKnown(flag: string, given: readonly string[], known: readonly string[]): void {
  for (const value of given) {
    if (!known.includes(value)) throw new Error(`--${flag} ${value}: it is one of ${known.join(', ')}`);
  }
}
