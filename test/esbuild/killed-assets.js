// Runs a build with imported files in a separate process, which is killed when esbuild has written its files.
const { id, root } = JSON.parse(process.argv[2]);
const esbuild = await import(id);
const { default: reflink } = await import('unplugin-reflink/esbuild');

const { name, setup } = reflink({ assets: true, report: false });
const killed = {
  name,
  setup: (build) => setup({ ...build, onEnd: () => build.onEnd(() => process.kill(process.pid, 'SIGKILL')) }),
};
await esbuild.build({
  absWorkingDir: root,
  entryPoints: [{ in: 'main.js', out: 'bundle' }],
  bundle: true,
  outdir: 'dist',
  loader: { '.bin': 'file' },
  plugins: [killed],
});
