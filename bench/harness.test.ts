import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median } from 'simple-statistics';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { describeInLane } from '../test/support/optional-lanes.ts';
import { generateFiles, readTree } from '../test/support/trees.ts';
import { Agent, runProgram } from './contenders/children.ts';
import { type Contender, megabytes, ms } from './contenders/contender.ts';
import * as ours from './contenders/engine.ts';
import { importing } from './contenders/imports.ts';
import { type Library, peer, peerContenders } from './contenders/peers.ts';
import { compileFloor, cp, floor } from './contenders/programs.ts';
import { race } from './harness.ts';
import { seriesTable, verdictTable } from './table.ts';
import { addedLess, addedWithin, atMost, atMostMore, engineRules, faster, judge, within } from './targets.ts';

let home: string;
let from: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'fs-reflink-harness-'));
  from = join(home, 'source');
  generateFiles(from, { files: 30, folders: 3, minBytes: 100, maxBytes: 200_000 });
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true, force: true });
});

const run = (...contenders: Contender[]) => race(contenders, { from, scratch: home, rounds: 3 });

function copying(name: string, afterwards: (to: string) => void = () => {}): Contender {
  return {
    name,
    run(source, to) {
      cpSync(source, to, { recursive: true });
      afterwards(to);
      return { figures: { [name]: ms(1) } };
    },
  };
}

test('contenders take turns, each round begins with another one, and the rounds that warm up do not count', async () => {
  const turns: string[] = [];
  const [a, b] = ['A', 'B'].map((name) => copying(name, () => turns.push(name)));
  const series = await run(a!, b!);
  expect(turns.join('')).toBe('BAABBAAB');
  expect(series.map(({ label, values }) => [label, values.length])).toEqual([
    ['A', 3],
    ['B', 3],
  ]);
});

test('a slow contender takes part in the first of six rounds', async () => {
  const slow = { ...copying('slow'), slow: true };
  const series = await race([copying('A'), slow], { from, scratch: home, rounds: 7, warmUps: 0 });
  expect(series.map(({ label, values }) => [label, values.length])).toEqual([
    ['A', 7],
    ['slow', 2],
  ]);
});

test('every run has a fresh destination', async () => {
  const places = new Set<string>();
  await run(copying('A', (to) => places.add(to)));
  expect(places.size).toBe(4);
});

describe('a wrong result ends the race', () => {
  const victim = join('folder-1', 'file-1.bin');
  test.each<[string, RegExp, Contender]>([
    ['nothing copied', /left no destination/, { name: 'lazy', run: () => ({ figures: { lazy: ms(1) } }) }],
    ['a missing file', /file-1.bin is missing/, copying('bad', (to) => rmSync(join(to, victim)))],
    ['a short file', /has 1 bytes instead of/, copying('bad', (to) => writeFileSync(join(to, victim), 'x'))],
    ['a file too many', /31 files instead of 30/, copying('bad', (to) => writeFileSync(join(to, 'x'), ''))],
  ])('%s', async (_, message, contender) => {
    await expect(run(contender)).rejects.toThrow(message);
  });

  test('a file of zeros', async () => {
    const size = readTree(from)['folder-1/file-1.bin']!.size!;
    const zeros = copying('bad', (to) => writeFileSync(join(to, victim), Buffer.alloc(size)));
    await expect(run(zeros)).rejects.toThrow(/file-1.bin has other bytes/);
  });

  test('an engine that only says it copied', async () => {
    const boast = 'export const copy = async () => ({ files: 30, methods: {} });';
    const workers = 'export const prepareCopies = () => ({ start: copy, dispose() {} });';
    vi.stubEnv('REFLINK_BENCH_ENGINE', `data:text/javascript,${boast}${workers}`);
    const agent = await Agent.start('workers');
    await expect(run(ours.warm(agent))).rejects.toThrow('ours: it left no destination');
    await agent.close();
    await expect(run(ours.cold)).rejects.toThrow('ours, cold process: it left no destination');
  });

  test('an engine that fails', async () => {
    vi.stubEnv(
      'REFLINK_BENCH_ENGINE',
      "data:text/javascript,export const copy = () => { throw Error('broken') }",
    );
    const agent = await Agent.start('plain');
    await expect(run(ours.warm(agent))).rejects.toThrow('broken');
    await agent.close();
  });

  test('a process that ends', async () => {
    vi.stubEnv('REFLINK_BENCH_ENGINE', 'data:text/javascript,export const copy = () => process.exit(3)');
    const agent = await Agent.start('plain');
    await expect(run(ours.warm(agent))).rejects.toThrow('ended by itself (3)');
    await expect(run(ours.warm(agent))).rejects.toThrow('has ended');
  });
});

test('a figure that falls short is printed, not thrown', () => {
  const series = [
    { label: 'ours', unit: 'ms' as const, values: [100, 120, 90] },
    { label: 'theirs', unit: 'ms' as const, values: [200, 150, 150] },
  ];
  const targets = [
    faster('ours', 'theirs', 1.5),
    faster('ours', 'theirs', 2),
    within('theirs', 'ours', 1.2),
    atMostMore('theirs', 'ours', 40, 'ms'),
    atMost('ours', 100, 'ms'),
  ];
  const verdicts = judge(targets, series);
  expect(verdicts.map(({ measured, reached }) => [measured, reached])).toEqual([
    ['1.50x faster', true],
    ['1.50x faster', false],
    ['1.50x', false],
    ['+ 50.0 ms', false],
    ['100 ms', true],
  ]);
  expect(verdictTable(verdicts.map((verdict) => ({ on: 'here', ...verdict })))).toContain('falls short');
  expect(seriesTable(series)).toMatch(/ours +100 ms +90.0 ms - 120 ms/);
});

const of = (label: string, ...values: number[]) => ({ label, unit: 'ms' as const, values });

test('a build that was slower without a copy does not tell what a copy adds', () => {
  const verdictOn = (ours: number) =>
    judge(
      [addedLess('ours', 'theirs', 'no copy', 2)],
      [of('no copy', 100), of('ours', ours), of('theirs', 140)],
    );
  expect(verdictOn(80)).toMatchObject([{ measured: '-20.0 ms to 40.0 ms, not comparable', reached: false }]);
  // This is noise.
  expect(verdictOn(97)).toMatchObject([{ measured: '-3.00 ms to 40.0 ms, 40.0x less', reached: true }]);
});

test('what fewer rounds added is compared with the middle of all rounds without a copy', () => {
  const series = [of('no copy', 10, 20, 12), of('ours', 20, 30, 22), of('theirs', 32)];
  const targets = [addedLess('ours', 'theirs', 'no copy', 3), addedWithin('ours', 'theirs', 'no copy', 0.5)];
  expect(judge(targets, series)).toMatchObject([
    { measured: '10.0 ms to 20.0 ms, 2.00x less', wanted: 'adds 3x less', reached: false },
    { measured: '10.0 ms to 20.0 ms, 2.00x less', wanted: 'adds 0.5x at most (2.00x less)', reached: true },
  ]);
});

test('fs.cpSync is a target where it is C++, in Node.js 24', () => {
  const figures = (node: 20 | 24) =>
    engineRules({ wall: 0.7, cpSync: 1 }, node, 'cp -r').map(({ figure, against }) => [figure, against]);
  expect(figures(20)).toEqual([['wall', "Vite's copy"]]);
  expect(figures(24)).toEqual([
    ['wall', "Vite's copy"],
    ['to fs.cpSync', 'fs.cpSync'],
  ]);
});

test('new data is what the filesystem gave out, not what a file says it has', async () => {
  const series = await race([copying('A')], { from, scratch: home, rounds: 1, countNewData: true });
  expect(series.map(({ label, unit }) => [label, unit])).toContainEqual(['A: new data', 'MB']);
  expect(megabytes(2_500_000)).toEqual({ value: 2.5, unit: 'MB' });
});

test("the stand-in for Vite's copy copies, and empties first when it is told to", async () => {
  const to = join(home, 'copy');
  const contents = (root: string) =>
    Object.entries(readTree(root)).map(([path, { sha256 }]) => [path, sha256]);
  const agent = await Agent.start('plain');
  await agent.ask('vite', from, to);
  expect(contents(to)).toEqual(contents(from));
  writeFileSync(join(to, 'stale'), '');
  await agent.ask('viteAgain', from, to);
  expect(contents(to)).toEqual(contents(from));
  await agent.close();
});

const hasCompiler = process.platform === 'linux' && succeeds(() => runProgram('gcc', ['--version']));

test.skipIf(process.platform !== 'linux')('cp is a contender', async () => {
  expect(await run(cp('--reflink=never'))).toHaveLength(1);
});

test.skipIf(!hasCompiler)('the C program copies what the others copy', async () => {
  const program = compileFloor(home);
  const [byKernel] = await run(floor(program, 'copy_file_range'));
  const [byHand] = await run(floor(program, 'read_write'));
  for (const series of [byKernel, byHand]) expect(median(series!.values)).toBeGreaterThan(0);
});

function succeeds(action: () => void): boolean {
  try {
    action();
    return true;
  } catch {
    return false;
  }
}

describeInLane('bench', 'what the benchmark runs', () => {
  test('every peer copies, again too, and after a change', async () => {
    for (const occasion of ['first', 'unchanged', 'changed'] as const) {
      const series = await race(peerContenders('ext4', occasion), {
        from,
        scratch: home,
        rounds: 1,
        warmUps: 0,
      });
      const names = series.map(({ label }) => label).filter((label) => !label.includes(': '));
      expect(names).toHaveLength(8);
      const held = series.filter(({ label }) => label.endsWith('JS thread held up'));
      expect(held).toHaveLength(7);
    }
  });

  const node = { version: process.versions.node, program: process.execPath };

  test('what a given Node.js runs is measured with its processor time', async () => {
    const names: Library[] = ['ours, no manifest', "ours, overwrite: 'changed'", "Vite's copy"];
    const contenders = [
      ...names.map((name) => peer(name, 'first', { node })),
      peer('ours', 'unchanged', { name: 'again', node }),
      ours.third(node),
    ];
    const series = await race(contenders, { from, scratch: home, rounds: 1, warmUps: 0 });
    for (const name of [...names, 'again']) {
      const ends = series.flatMap(({ label }) =>
        label.startsWith(`${name}: `) ? label.split(': ').at(-1) : [],
      );
      expect(ends).toEqual(['spawn to exit', 'peak memory', 'CPU']);
    }
    const third = series.find(({ label }) => label === 'ours')!;
    const counts = third.note!.match(/\d+/g)!.map(Number);
    expect(counts.reduce((sum, count) => sum + count)).toBe(30);
  });

  test('the scripts that an import loads are counted, the more the more it does', async () => {
    const series = await race(
      [importing('fs-reflink/options', node), importing('fs-reflink', node, { copies: true })],
      {
        from,
        scratch: home,
        rounds: 1,
        warmUps: 0,
      },
    );
    const [few, kB, more, moreKB] = series
      .filter(({ label }) => label.includes('JS '))
      .map(({ values }) => values[0]!);
    expect(few).toBeGreaterThan(0);
    expect(kB).toBeGreaterThan(1);
    expect(more).toBeGreaterThan(few!);
    expect(moreKB).toBeGreaterThan(kB!);
  });
});
