/** Each bundler in its watch mode: ready when the first build is there, then `nextBuild` for every change. */
export const watchers = {
  async vite({ variant, root, out }) {
    const { build } = await import('vite');
    const plugins =
      variant === 'ours' ? (await import('unplugin-reflink/vite')).default({ report: false }) : [];
    const watcher = await build({
      root,
      configFile: false,
      logLevel: 'error',
      plugins,
      build: { outDir: out, emptyOutDir: true, copyPublicDir: variant === 'ours', watch: {} },
    });
    return following(watcher);
  },
  async rollup(options) {
    const { watch } = await import('rollup');
    return following(watch(await bundleOptions('rollup', options)));
  },
  async rolldown(options) {
    const { watch } = await import('rolldown');
    return following(watch(await bundleOptions('rolldown', options)));
  },
  async webpack({ variant, root, out, publicDir }) {
    const { default: webpack } = await import('webpack');
    const plugins =
      variant === 'ours'
        ? [(await import('unplugin-reflink/webpack')).default({ publicDir, report: false })]
        : [];
    const compiler = webpack({
      context: root,
      entry: './main.js',
      mode: 'development',
      performance: false,
      output: { path: out },
      plugins,
    });
    const { wait, done } = turnstile();
    const first = wait();
    const watching = compiler.watch({ aggregateTimeout: 0 }, (error, stats) =>
      done(error ?? (stats.hasErrors() ? new Error(stats.toString()) : undefined)),
    );
    await first;
    return { nextBuild: wait, close: () => new Promise((resolve) => watching.close(resolve)) };
  },
  async rspack({ variant, root, out, publicDir }) {
    const { rspack } = await import('@rspack/core');
    const plugins =
      variant === 'ours'
        ? [(await import('unplugin-reflink/rspack')).default({ publicDir, report: false })]
        : [];
    const compiler = rspack({
      context: root,
      entry: './main.js',
      mode: 'development',
      performance: false,
      output: { path: out },
      plugins,
    });
    const { wait, done } = turnstile();
    const first = wait();
    compiler.watch({ aggregateTimeout: 0 }, (error, stats) =>
      done(error ?? (stats.hasErrors() ? new Error(stats.toString()) : undefined)),
    );
    await first;
    return { nextBuild: wait, close: () => new Promise((resolve) => compiler.close(resolve)) };
  },
};

async function bundleOptions(host, { variant, root, out, publicDir }) {
  const plugins =
    variant === 'ours'
      ? [(await import(`unplugin-reflink/${host}`)).default({ publicDir, report: false })]
      : [];
  process.chdir(root);
  return { input: `${root}/main.js`, plugins, output: { dir: out }, watch: { buildDelay: 0 } };
}

async function following(watcher) {
  const { wait, done } = turnstile();
  const first = wait();
  watcher.on('event', (event) => {
    if (event.code === 'ERROR') done(event.error);
    if (event.code === 'BUNDLE_END') event.result?.close();
    if (event.code === 'END') done();
  });
  await first;
  return { nextBuild: wait, close: () => watcher.close() };
}

function turnstile() {
  let settle = () => {};
  return {
    done: (error) => settle(error),
    wait: () =>
      new Promise((resolve, reject) => {
        settle = (error) => (error ? reject(error) : resolve());
      }),
  };
}
