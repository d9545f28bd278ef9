import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Series } from '../harness.ts';
import type { Measurement, Results } from '../results.ts';
import { pivot } from '../table.ts';
import { writeDocs, writePage } from './docs.ts';
import { growthOf } from './growth.ts';
import { toMarkdown } from './markdown.ts';
import { withFigures } from './readme.ts';

const series = (label: string, ...values: number[]): Series => ({ label, unit: 'ms', values });

const peers: Measurement = {
  chapter: 'peers',
  filesystem: 'xfs',
  work: 'many small',
  volume: 'small',
  title: 'many files',
  series: [
    series('fs.cp', 400, 500, 450),
    series('fs.cp: spawn to exit', 600, 600, 600),
    series('ours', 100, 110, 90),
    series('ours: spawn to exit', 200, 210, 205),
  ],
  verdicts: [],
};
const scale = (amount: number, ours: number, theirs: number): Measurement => ({
  ...peers,
  chapter: 'scale',
  work: 'scale of files',
  scale: { of: 'files', amount },
  series: [series('ours', ours), series('cp -r', theirs)],
});
const results: Results = {
  machine: { date: '2030-01-02T00:00:00Z', machine: 'a machine', kernel: 'Linux 1', node: 'v1' },
  quick: false,
  measurements: [
    peers,
    scale(1000, 10, 10),
    scale(10_000, 100, 50),
    scale(100_000, 1000, 250),
    {
      ...peers,
      chapter: 'promises',
      verdicts: [
        { subject: 'ours', against: 'theirs', measured: '1.9x faster', wanted: '2x', reached: false },
      ],
    },
  ],
};

test('a table has a line per contender, the fastest first, beside ours', () => {
  const { header, rows } = pivot(peers.series);
  expect(header).toEqual(['contender', 'median', 'min - max', 'to ours', 'spawn to exit', '']);
  expect(rows).toEqual([
    ['ours', '100 ms', '90.0 ms - 110 ms', '1.00x', '205 ms', ''],
    ['fs.cp', '450 ms', '400 ms - 500 ms', '4.50x', '600 ms', ''],
  ]);
});

test('growth is the power that fits the measured points', () => {
  const growth = growthOf(results.measurements.filter(({ chapter }) => chapter === 'scale'));
  expect(growth.map(({ label, exponent }) => [label, exponent.toFixed(2)])).toEqual([
    ['ours', '1.00'],
    ['cp -r', '0.70'],
  ]);
  expect(growth[0]!.fit(10_000)).toBeCloseTo(100);
});

test('the page, its pictures and its data come from one run', () => {
  const root = mkdtempSync(join(tmpdir(), 'fs-reflink-docs-'));
  const docs = join(root, 'docs');
  try {
    mkdirSync(docs);
    const placeholders = ['benchmarks', 'other filesystems'].map(
      (name) => `<!-- ${name} -->\nold\n<!-- /${name} -->`,
    );
    writeFileSync(join(root, 'README.md'), ['before', ...placeholders, 'after\n'].join('\n'));
    const [readme, ...files] = writeDocs(results, docs);
    expect(readFileSync(readme!, 'utf8')).toMatch(
      /^before\n.*Measured on 2030-01-02: a machine.*\nafter\n$/s,
    );
    expect(readFileSync(readme!, 'utf8')).not.toContain('old');
    expect(files.map((file) => file.slice(docs.length + 1))).toEqual([
      'benchmarks.md',
      'benchmarks.json',
      'charts/peers-many-small.svg',
      'charts/scale-of-files.svg',
    ]);
    const page = readFileSync(join(docs, 'benchmarks.md'), 'utf8');
    for (const text of ['a machine', '2030-01-02', '| ours | 100 ms |', 'n^0.70', '**1.9x faster**']) {
      expect(page).toContain(text);
    }
    expect(page).toContain('![many files](charts/peers-many-small.svg)');
    const picture = readFileSync(join(docs, 'charts/peers-many-small.svg'), 'utf8');
    for (const text of ['a machine', '2030-01-02', 'fs.cp', '450 ms', '4.50x ours'])
      expect(picture).toContain(text);
    expect(JSON.parse(readFileSync(join(docs, 'benchmarks.json'), 'utf8'))).toEqual(results);

    const before = readFileSync(join(docs, 'charts/scale-of-files.svg'), 'utf8');
    writeDocs(results, docs);
    expect(readFileSync(join(docs, 'charts/scale-of-files.svg'), 'utf8')).toBe(before);
  } finally {
    rmSync(root, { recursive: true });
  }
});

test('every picture is well-formed, or it would not be shown', () => {
  const root = mkdtempSync(join(tmpdir(), 'fs-reflink-docs-'));
  try {
    const { files } = writePage(results, root);
    const pictures = files.filter((file) => file.endsWith('.svg'));
    expect(pictures).toHaveLength(2);
    for (const file of pictures) {
      const picture = readFileSync(file, 'utf8');
      const rest = picture
        .replace(/<!\[CDATA\[.*?\]\]>/gs, '')
        .replace(/<\w+(?:\s+[\w:-]+="[^"<]*")*\s*\/?>|<\/\w+>/g, '');
      expect(rest).not.toMatch(/[<>]/);
      expect(rest).toContain('prefers-color-scheme: dark');
      expect(picture).toMatch(/^<svg .*<\/svg>\s*$/s);
    }
  } finally {
    rmSync(root, { recursive: true });
  }
});

test('the readme has a row for each work, ours beside the others, and the other rows and filesystems below', () => {
  const build = (filesystem: 'ext4' | 'xfs', work: string, ...all: Series[]): Measurement => ({
    ...peers,
    ...{ chapter: 'hosts', filesystem, work, series: all },
  });
  const first = build(
    'ext4',
    'vite app first build',
    series('no copy', 50),
    series('ours', 200),
    series('builtin', 500),
    series('vite-plugin-static-copy', 2000),
  );
  const onXfs = build('xfs', 'vite first build', series('ours', 400), series('builtin', 200));
  const page = build('ext4', 'vite first build', series('ours', 300), series('builtin', 450));
  const engine = build('ext4', 'fresh 20 files', series('ours', 30), series("Vite's copy", 3));
  const empty =
    '<!-- benchmarks --><!-- /benchmarks --><!-- other filesystems --><!-- /other filesystems -->';
  const run = { ...results, measurements: [first, page, onXfs] };
  const other = { ...results, machine: { ...results.machine, date: '2031-05-06' }, measurements: [engine] };

  const readme = withFigures(empty, run, other);
  const header = "| ours | Vite's own copy | to ours | vite-plugin-static-copy | to ours |";
  for (const line of [
    `| Vite, the whole build, on ext4 ${header}`,
    '| 20 files, the copy alone | 30.0 ms | 3.00 ms | 0.10x |  |  |',
    '| 4,200 files, first build of an app with Cesium | 200 ms | 500 ms | 2.50x | 2000 ms | 10.0x |',
    `| Vite, the whole build | on ${header}`,
    '| 4,200 files, first build of two modules | ext4 | 300 ms | 450 ms | 1.50x |  |  |',
    '| 4,200 files, first build of two modules | xfs | 400 ms | 200 ms | 0.50x |  |  |',
    'Measured on 2030-01-02',
    'Measured on 2031-05-06',
  ]) {
    expect(readme).toContain(line);
  }

  const twenty = build('ext4', 'vite 20 files', series('ours', 100), series('builtin', 80));
  const whole = withFigures(empty, { ...run, measurements: [twenty, first] }, other);
  expect(whole).toContain('| 20 files, left to Vite | 100 ms | 80.0 ms | 0.80x |  |  |');
  expect(whole).not.toContain('the copy alone');
  expect(whole).not.toContain('2031');
});

test('what falls short of a target is named, in a line per row', () => {
  const verdict = (figure: string, measured: string, wanted: string, reached: boolean) => ({
    ...{ subject: 'ours', against: "Vite's copy", figure, measured, wanted, reached },
  });
  const engine = (node: 20 | 24, reached: boolean): Measurement => ({
    ...peers,
    chapter: 'engine',
    title: 'many files; others left out',
    node,
    verdicts: [
      verdict('wall', '0.80x', 'within 0.7x', false),
      verdict('CPU', '0.80x', 'within 0.9x', reached),
      verdict('memory', '+ 12.0 MB', '+ 20 MB at most', true),
      // It has no name: a table of its own shows it.
      verdict('', '2.00x less', 'adds 8x less', false),
    ],
  });
  const measurements = [
    engine(20, true),
    { ...engine(24, false), verdicts: engine(24, false).verdicts.slice(1) },
  ];
  const page = toMarkdown({ ...results, missing: ['Node.js 26: no network'], measurements }, []);
  for (const line of [
    '| many files | xfs | 20 | 0.80x [0.7x] | 0.80x [0.9x] | + 12.0 MB [+ 20 MB] | **falls short: wall** |',
    '| many files | xfs | 24 |  | 0.80x [0.9x] | + 12.0 MB [+ 20 MB] | **falls short: CPU** |',
    '**Not measured: Node.js 26: no network.**',
  ]) {
    expect(page).toContain(line);
  }
  expect(page).not.toContain('was busy');
  const busy = { ...results, machine: { ...results.machine, load: '0.51 0.10 0.10' } };
  expect(toMarkdown(busy, [])).toContain('**The machine was busy when this began (load 0.51 0.10 0.10).**');
});

test('CPU is beside the same of what it is compared with, and fewer rounds are told', () => {
  const measured = [
    series("Vite's copy", 10, 10),
    series("Vite's copy: CPU", 20, 20),
    series('ours', 5, 5),
    series('ours: CPU', 10, 10),
    series('cpy', 50),
  ];
  const { header, rows } = pivot(measured, "Vite's copy");
  expect(header).toEqual(['contender', 'median', 'min - max', "to Vite's copy", 'CPU', 'rounds', '']);
  expect(rows.map((row) => [row[0], ...row.slice(3)])).toEqual([
    ['ours', '0.50x', '10.0 ms, 0.50x', '2', ''],
    ["Vite's copy", '1.00x', '20.0 ms, 1.00x', '2', ''],
    ['cpy', '5.00x', '', '1', ''],
  ]);
});
