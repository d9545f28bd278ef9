// One build with imported files in a process of its own, which is killed in a hook.
import { rspack } from '@rspack/core';
import reflink from 'unplugin-reflink/rspack';

const { root, hook } = JSON.parse(process.argv[2]);

const killed = (compiler) =>
  compiler.hooks[hook].tap({ name: 'kill', stage: 100_000 }, () => process.kill(process.pid, 'SIGKILL'));
rspack(
  {
    context: root,
    mode: 'none',
    entry: `${root}/main.js`,
    output: { path: `${root}/dist` },
    module: { rules: [{ test: /\.bin$/, type: 'asset/resource' }] },
    plugins: [reflink({ assets: true, report: false }), killed],
  },
  () => {},
);
