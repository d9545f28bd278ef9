import { fileURLToPath } from 'node:url';
import { page, publicDirs } from 'example-common/assets.js';
import reflink from 'unplugin-reflink/rspack';

export default {
  mode: 'production',
  context: fileURLToPath(new URL('.', import.meta.url)),
  entry: `${page}/main.js`,
  output: { clean: true },
  plugins: [
    reflink({
      publicDir: publicDirs,
      targets: [
        { from: `${page}/style.css` },
        {
          from: `${page}/index.html`,
          transform: (html) =>
            html.toString().replaceAll('{bundler}', 'Rspack').replaceAll('{icon}', 'webpack'),
        },
      ],
    }),
  ],
};
