// Runs a build with imported files in a separate process, which is killed in a hook.
const { id, root, hook } = JSON.parse(process.argv[2]);
const vite = await import(id);
const { default: reflink } = await import('unplugin-reflink/vite');

const kill = {
  name: 'kill',
  enforce: 'pre',
  [hook]: { order: 'pre', sequential: true, handler: () => process.kill(process.pid, 'SIGKILL') },
};
await vite.build({
  configFile: false,
  root,
  logLevel: 'silent',
  plugins: [kill, reflink({ assets: true, report: false })],
});
