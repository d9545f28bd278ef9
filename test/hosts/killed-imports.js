// Runs a build of webpack or Rspack with imported files in a separate process, which is killed in a hook.
const { id, host, root, hook } = JSON.parse(process.argv[2]);
const bundlers = await import(id);
const compile = bundlers.rspack ?? bundlers.default;
const { default: reflink } = await import(`unplugin-reflink/${host}`);

const killed = (compiler) =>
  compiler.hooks[hook].tap({ name: 'kill', stage: 100_000 }, () => process.kill(process.pid, 'SIGKILL'));
compile(
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
