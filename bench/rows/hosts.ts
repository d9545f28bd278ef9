import { esbuildRebuild, hostBuild, hostWatch, type Which } from '../contenders/hosts.ts';
import type { BenchKind } from '../stage.ts';
import { addedAtMost, addedLess, atMostMore, type Target } from '../targets.ts';
import type { Row } from './row.ts';

const BASE = 'no copy';
const less = (against: string, times: number) => addedLess('ours', against, BASE, times);

/** Times by filesystem: what is promised where files can be cloned differs from where they cannot. */
type Times = Record<'ext4' | 'xfs' | 'btrfs', number>;

const promisedOn = (kind: BenchKind, times: Times): number | undefined =>
  kind === 'tmpfs' ? undefined : times[kind];

const vite: Record<Which, Times> = {
  'first build': { ext4: 4, xfs: 1.5, btrfs: 1.2 },
  'next build': { ext4: 20, xfs: 8, btrfs: 12 },
};

/** What each bundler plugin adds to a build of a page with 4,200 public files, beside its peers. */
export function hosts(kind: BenchKind): Row[] {
  if (kind === 'tmpfs') return [];
  const build = (host: string, which: Which, variants: string[], targets: Target[]): Row => ({
    chapter: 'hosts',
    work: `${host} ${which}`,
    title: `${host}, ${which} of a page with 4,200 public files, 246 MB`,
    volume: 'assets',
    rounds: 3,
    // Fresh processes: nothing stays warm but the page cache.
    warmUps: 0,
    contenders: () => ['none', 'ours', ...variants].map((variant) => hostBuild(host, variant, which)),
    targets,
  });
  const both = (of: (which: Which) => Row) => (['first build', 'next build'] as const).map(of);
  const bundler = (host: string) => (which: Which) =>
    build(host, which, ['rollup-plugin-copy'], [less('rollup-plugin-copy', 8)]);
  const webpackPeers = ['output.copy', 'copy-webpack-plugin'];
  const cloning = promisedOn(kind, { ext4: 3, xfs: 1.3, btrfs: 1.3 })!;
  return [
    ...both((which) =>
      build(
        'vite',
        which,
        ['builtin', 'vite-plugin-static-copy', 'rollup-plugin-copy'],
        [
          less('builtin', promisedOn(kind, vite[which])!),
          ...(which === 'first build'
            ? [less('vite-plugin-static-copy', 8), less('rollup-plugin-copy', 8)]
            : []),
        ],
      ),
    ),
    ...both((which) =>
      build('webpack', which, webpackPeers, [
        ...webpackPeers.map((peer) => less(peer, 6)),
        atMostMore('ours: peak memory', `${BASE}: peak memory`, 30, 'MB'),
        atMostMore('ours: cache', `${BASE}: cache`, 1, 'MB'),
      ]),
    ),
    ...both((which) =>
      build(
        'esbuild',
        which,
        ['esbuild-plugin-copy'],
        [less('esbuild-plugin-copy', which === 'first build' ? cloning : 4)],
      ),
    ),
    {
      chapter: 'hosts',
      work: 'esbuild rebuild',
      title: 'esbuild, context.rebuild() of a page with 4,200 public files, nothing changed',
      volume: 'assets',
      rounds: 3,
      warmUps: 0,
      contenders: () => ['none', 'ours', 'esbuild-plugin-copy'].map(esbuildRebuild),
      targets: [less('esbuild-plugin-copy', 10)],
    },
    ...both(bundler('rollup')),
    ...both(bundler('rolldown')),
    {
      chapter: 'hosts',
      work: 'watch',
      title: 'watch mode, one of 4,200 public files changed, beside one module changed without any copying',
      volume: 'assets',
      rounds: 3,
      warmUps: 0,
      contenders: () =>
        ['vite', 'webpack', 'rollup', 'rolldown'].flatMap((host) => [
          hostWatch(host, 'bundle'),
          hostWatch(host, 'asset'),
        ]),
      targets: ['vite', 'webpack', 'rollup', 'rolldown'].map((host) =>
        atMostMore(`${host}, one public file`, `${host}, one module`, 50, 'ms'),
      ),
    },
    {
      chapter: 'hosts',
      work: 'larger app',
      title: 'vite, first build of a larger app (4,000 modules) with 4,200 public files',
      volume: 'larger app',
      rounds: 3,
      warmUps: 0,
      contenders: () =>
        ['none', 'ours', 'builtin'].map((variant) => hostBuild('vite', variant, 'first build')),
      targets: [addedAtMost('ours', BASE, 0.05)],
    },
  ];
}
