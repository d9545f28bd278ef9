// One build with imported files in a process of its own, which is killed in a hook.
const { id, root, hook } = JSON.parse(process.argv[2]);
const { default: webpack } = await import(id);
const { default: reflink } = await import('unplugin-reflink/webpack');

const killed = (compiler) =>
  compiler.hooks[hook].tap({ name: 'kill', stage: 100_000 }, () => process.kill(process.pid, 'SIGKILL'));
webpack(
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
