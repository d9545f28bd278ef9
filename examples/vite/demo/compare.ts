import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { conclusion, heading, milliseconds, table } from './print.ts';

const run = promisify(execFile);
const child = fileURLToPath(new URL('build.js', import.meta.url));

const ROUNDS = 3;

const contenders = {
  none: 'no copy at all',
  vite: "Vite's own copy",
  plugin: 'unplugin-reflink',
};
type Contender = keyof typeof contenders;
const names = Object.keys(contenders) as Contender[];

type Round = Record<Contender, number>;

/** Builds the page in every way by turns, so that no way has the disk or the processor to itself. */
export async function compare(root: string, scratch: string): Promise<void> {
  heading(
    "Compared with Vite's own copy",
    `The same build in three ways, ${ROUNDS} rounds, each build in its own process; medians. "Adds" is the time over a\n` +
      'build without a copy in the same round. The first builds have new output directories. The rebuilds use the\n' +
      'same ones, and nothing changed.',
  );
  const buildAll = async (): Promise<Round[]> => {
    const rounds: Round[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const times: Partial<Round> = {};
      for (const turn of names.keys()) {
        const name = names[(round + turn) % names.length]!;
        const { stdout } = await run(process.execPath, [child, name, root, `${scratch}/${name}-${round}`]);
        times[name] = Number(stdout);
      }
      rounds.push(times as Round);
    }
    return rounds;
  };
  // All first builds before any rebuild: some filesystems create files slowly for a while after many were
  // deleted, and Vite's rebuild deletes them all.
  const results = { first: await buildAll(), again: await buildAll() };
  type Which = keyof typeof results;

  const time = (name: Contender, which: Which) => median(results[which].map((round) => round[name]));
  const added = (name: Contender, which: Which) =>
    median(results[which].map((round) => round[name] - round.none));
  const columns = (name: Contender, which: Which) => [
    milliseconds(time(name, which)),
    name === 'none' ? '' : milliseconds(added(name, which)),
  ];
  table(
    [
      ['', 'first build', 'adds', 'rebuild', 'adds'],
      ...names.map((name) => [contenders[name], ...columns(name, 'first'), ...columns(name, 'again')]),
    ],
    'right',
  );
  // Less than a millisecond is noise.
  const ratio = (which: Which) =>
    `${(added('vite', which) / Math.max(added('plugin', which), 1)).toFixed(1)} times`;
  conclusion(
    `Vite's own copy adds ${ratio('first')} what the plugin adds to a first build, ${ratio('again')} to a rebuild.`,
  );
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}
