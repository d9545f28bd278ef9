import { defineConfig } from '@rsbuild/core';
import { page, publicDirs } from 'example-common/assets.js';
import reflink from 'unplugin-reflink/rsbuild';

export default defineConfig({
  mode: 'production',
  source: { entry: { main: `${page}/main.js` } },
  // The page names its script itself.
  output: { filename: { js: '[name].js' }, distPath: { js: '' }, legalComments: 'none' },
  tools: { htmlPlugin: false },
  plugins: [
    reflink({
      publicDir: publicDirs,
      targets: [
        { from: `${page}/style.css` },
        {
          from: `${page}/index.html`,
          transform: (html) =>
            html.toString().replaceAll('{bundler}', 'Rsbuild').replaceAll('{icon}', 'webpack'),
        },
      ],
    }),
  ],
});
