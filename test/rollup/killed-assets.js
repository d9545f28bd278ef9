// Runs a build with imported files in a separate process, which is killed in a hook.
const { id, root, hook } = JSON.parse(process.argv[2]);
const bundler = await import(id);
const { default: reflink } = await import(`unplugin-reflink/${id}`);

const kill = {
  name: 'kill',
  [hook]: { order: 'pre', sequential: true, handler: () => process.kill(process.pid, 'SIGKILL') },
};
const bundle = await bundler[id]({
  input: `${root}/main.js`,
  plugins: [kill, reflink({ assets: true, report: false })],
});
await bundle.write({ dir: 'dist', entryFileNames: 'bundle.js' });
