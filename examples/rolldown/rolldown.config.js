import { page, publicDirs } from 'example-common/assets.js';
import reflink from 'unplugin-reflink/rolldown';

export default {
  input: `${page}/main.js`,
  output: { dir: 'dist' },
  plugins: [
    reflink({
      publicDir: publicDirs,
      targets: [
        { from: `${page}/style.css` },
        {
          from: `${page}/index.html`,
          transform: (html) =>
            html.toString().replaceAll('{bundler}', 'Rolldown').replaceAll('{icon}', 'rolldown'),
        },
      ],
    }),
  ],
};
