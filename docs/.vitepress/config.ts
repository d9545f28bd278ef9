import reflink from 'unplugin-reflink/vite';
import { type DefaultTheme, defineConfig } from 'vitepress';
import { slugOf } from './slug.ts';

type Page = DefaultTheme.SidebarItem;

const page = (text: string, link: string): Page => ({ text, link });
const group = (text: string, items: Page[], collapsed = false): Page => ({ text, items, collapsed });

const bundlers = [
  page('Vite', '/bundlers/vite'),
  page('Rollup', '/bundlers/rollup'),
  page('Rolldown', '/bundlers/rolldown'),
  page('webpack', '/bundlers/webpack'),
  page('Rspack', '/bundlers/rspack'),
  page('Rsbuild', '/bundlers/rsbuild'),
  page('esbuild', '/bundlers/esbuild'),
  page('Bun', '/bundlers/bun'),
  page('Farm', '/bundlers/farm'),
  page('Other bundlers', '/bundlers/others'),
];

const frameworks = [
  page('Astro', '/frameworks/astro'),
  page('SvelteKit', '/frameworks/sveltekit'),
  page('Nuxt', '/frameworks/nuxt'),
  page('VitePress', '/frameworks/vitepress'),
  page('Storybook', '/frameworks/storybook'),
  page('Docusaurus', '/frameworks/docusaurus'),
  page('electron-vite', '/frameworks/electron-vite'),
  page('Next.js', '/frameworks/nextjs'),
  page('Turborepo', '/frameworks/turborepo'),
  page('Others', '/frameworks/others'),
];

const peers = [
  page('copy-webpack-plugin', '/from/copy-webpack-plugin'),
  page("webpack's output.copy", '/from/webpack-output-copy'),
  page('CopyRspackPlugin', '/from/copy-rspack-plugin'),
  page('vite-plugin-static-copy', '/from/vite-plugin-static-copy'),
  page('rollup-plugin-copy', '/from/rollup-plugin-copy'),
  page('esbuild-plugin-copy', '/from/esbuild-plugin-copy'),
  page("Vite's publicDir", '/from/vite-public-dir'),
  page('cpy, fs-extra, fs.cp', '/from/cpy-and-fs-extra'),
];

export default defineConfig({
  title: 'unplugin-reflink',
  description: 'Copies static files into the output of a bundler, by clones where the filesystem can clone.',
  lang: 'en',
  rewrites: { 'api/README.md': 'api/index.md' },
  markdown: { anchor: { slugify: slugOf } },
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: '/icon.svg' }]],
  themeConfig: {
    logo: '/icon.svg',
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      page('Get started', '/get-started'),
      page('Options', '/options'),
      page('Benchmarks', '/benchmarks'),
      page('API', '/api/'),
    ] as DefaultTheme.NavItem[],
    sidebar: [
      group('Guide', [
        page('Get started', '/get-started'),
        page('Options', '/options'),
        page('Imported files', '/imported-assets'),
        page('How it works', '/how-it-works'),
        page('Troubleshooting', '/troubleshooting'),
        page('Questions', '/faq'),
      ]),
      group('Bundlers', bundlers),
      group('Frameworks', [page('All frameworks', '/frameworks/'), ...frameworks]),
      group('Coming from …', [page('Before you change', '/from/'), ...peers]),
      group('fs-reflink', [
        page('Copy engine', '/fs-reflink'),
        page('Command line', '/command-line'),
        page('API of fs-reflink', '/api/fs-reflink'),
        page('API of unplugin-reflink', '/api/unplugin-reflink'),
      ]),
      group(
        'Contributing',
        [
          page('Add a host', '/contributing/host'),
          page('Add a method of copying', '/contributing/method'),
          page('Add an option', '/contributing/option'),
        ],
        true,
      ),
      group('Evidence', [
        page('What we promise', '/promises'),
        page('Platforms', '/platforms'),
        page('Benchmarks of the plugins', '/benchmarks'),
        page('Benchmarks of the engine', '/engine/benchmarks'),
        page('Benchmarks of imported files', '/imported/benchmarks'),
      ]),
    ],
  },
  vite: {
    // Browsers alone are sent these files: the build for the server needs none.
    plugins: [
      reflink({
        vite: { environments: ['client'] },
        targets: [
          { from: 'benchmarks.json' },
          { from: 'engine/benchmarks.json', to: 'engine' },
          { from: 'imported/benchmarks.json', to: 'imported' },
        ],
      }),
    ],
  },
});
