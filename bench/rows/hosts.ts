import { esbuildRebuild, hostBuild, hostWatch, type Which } from '../contenders/hosts.ts';
import type { BenchKind } from '../stage.ts';
import { addedLess, addedWithin, atMostMore, more, type Target } from '../targets.ts';
import type { Row } from './row.ts';

const BASE = 'no copy';
const less = (against: string, times: number) => addedLess('ours', against, BASE, times);

/** By filesystem: what is promised where files can be cloned differs from where they cannot. */
type Times = Record<BenchKind, number>;

/** What the first build adds at most, in parts of what Vite's own copy adds; how many times less the next one adds. */
const viteFirst: Partial<Times> = { ext4: 0.55, xfs: 0.65, btrfs: 0.65 };
const viteNext: Partial<Times> = { ext4: 20, xfs: 8, btrfs: 12 };

/** Whose plugins copy 20 files, beside a copy that their users have today. */
const small: Record<string, string> = {
  vite: 'builtin',
  webpack: 'copy-webpack-plugin',
  esbuild: 'esbuild-plugin-copy',
  rollup: 'rollup-plugin-copy',
};

/** Without options, the plugin leaves twenty files to Vite. */
const ENGINE = 'ours, with an option';
const STATIC_COPY = 'vite-plugin-static-copy';

/** What each bundler plugin adds to a build of a page with 4,200 public files, beside its peers. */
export function hosts(kind: BenchKind): Row[] {
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
  const vitePeers = [STATIC_COPY, 'rollup-plugin-copy'];
  const first = viteFirst[kind];
  const next = viteNext[kind];
  const viteTargets = (which: Which, peers: string[]) => [
    ...(which === 'first build' && first
      ? [{ ...addedWithin('ours', 'builtin', BASE, first), figure: "added, to Vite's copy" }]
      : []),
    ...(which === 'first build'
      ? peers.map((peer) => less(peer, 8))
      : [{ ...atMostMore('ours', BASE, 45, 'ms'), figure: 'added' }]),
    ...(which === 'next build' && next ? [less('builtin', next)] : []),
  ];
  const vite = both((which) =>
    build('vite', which, ['builtin', ...vitePeers], viteTargets(which, vitePeers)),
  );
  if (kind === 'tmpfs') return vite;
  const appPeers = [STATIC_COPY];
  const app = both((which) => ({
    ...build('vite', which, ['builtin', ...appPeers], viteTargets(which, appPeers)),
    work: `vite app ${which}`,
    title: `vite, ${which} of an app that bundles Cesium, with 4,200 public files, 246 MB`,
    volume: 'assets of an app' as const,
    // Bundling takes twice as long in some rounds.
    rounds: 7,
  }));
  return [
    ...vite,
    ...app,
    ...Object.entries(small).map(
      ([host, peer]): Row => ({
        chapter: 'hosts',
        work: `${host} 20 files`,
        title: `${host}, first build of a page with 20 public files, beside ${peer}`,
        volume: 'site',
        rounds: 7,
        warmUps: 0,
        contenders: () =>
          ['none', 'ours', ...(host === 'vite' ? [ENGINE, STATIC_COPY] : []), peer].map((variant) =>
            hostBuild(host, variant, 'first build'),
          ),
        targets: [
          ...(host === 'vite' ? [{ ...more(ENGINE, peer, 'ms'), figure: 'with an option' }] : []),
          {
            ...(host === 'vite' ? atMostMore('ours', peer, 8, 'ms') : more('ours', peer, 'ms')),
            figure: 'more wall',
          },
          { ...more('ours: CPU', `${peer}: CPU`, 'ms'), figure: 'more CPU' },
          { ...more('ours: peak memory', `${peer}: peak memory`, 'MB'), figure: 'more memory' },
        ],
      }),
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
        'rspack',
        which,
        ['CopyRspackPlugin'],
        [less('CopyRspackPlugin', 8), atMostMore('ours: peak memory', `${BASE}: peak memory`, 30, 'MB')],
      ),
    ),
    ...both((which) =>
      build(
        'esbuild',
        which,
        ['esbuild-plugin-copy'],
        [less('esbuild-plugin-copy', which === 'next build' ? 4 : kind === 'ext4' ? 3 : 1.3)],
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
        ['vite', 'webpack', 'rspack', 'rollup', 'rolldown'].flatMap((host) => [
          hostWatch(host, 'bundle'),
          hostWatch(host, 'asset'),
        ]),
      targets: ['vite', 'webpack', 'rspack', 'rollup', 'rolldown'].map((host) =>
        atMostMore(`${host}, one public file`, `${host}, one module`, 50, 'ms'),
      ),
    },
  ];
}
