import { fileURLToPath } from 'node:url';
import { page, publicDirs } from 'example-common/assets.js';
import reflink from 'unplugin-reflink/webpack';

export default {
  mode: 'production',
  context: fileURLToPath(new URL('.', import.meta.url)),
  entry: `${page}/main.js`,
  output: { clean: true },
  // The packages load their large files themselves, when they need them.
  performance: { assetFilter: (_name, _source, info) => !info.copied },
  plugins: [
    reflink({
      publicDir: publicDirs,
      targets: [
        { from: `${page}/style.css` },
        {
          from: `${page}/index.html`,
          transform: (html) =>
            html.toString().replaceAll('{bundler}', 'webpack').replaceAll('{icon}', 'webpack'),
        },
      ],
    }),
  ],
};
