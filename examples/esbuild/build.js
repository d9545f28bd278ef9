// Builds the page: node build.js [directory] [--serve]
import { build, context } from 'esbuild';
import { page, publicDirs } from 'example-common/assets.js';
import reflink from 'unplugin-reflink/esbuild';

const serves = process.argv.includes('--serve');
const [outdir = 'dist'] = process.argv.slice(2).filter((each) => each !== '--serve');

const options = {
  entryPoints: [`${page}/main.js`],
  bundle: true,
  format: 'esm',
  outdir,
  logLevel: 'info',
  plugins: [
    reflink({
      publicDir: publicDirs,
      targets: [
        { from: `${page}/style.css` },
        {
          from: `${page}/index.html`,
          transform: (html) =>
            html.toString().replaceAll('{bundler}', 'esbuild').replaceAll('{icon}', 'esbuild'),
        },
      ],
    }),
  ],
};

if (serves) {
  const running = await context(options);
  await running.watch();
  await running.serve({ servedir: outdir, host: '127.0.0.1' });
} else {
  await build(options);
}
