import reflink from 'unplugin-reflink/vite';
import { defineConfig } from 'vitepress';

export default defineConfig({
  title: 'unplugin-reflink with VitePress',
  head: [['link', { rel: 'icon', href: '/images/logo.svg' }]],
  vite: {
    plugins: [
      reflink({
        targets: [{ from: 'assets/greeting.json', to: 'data' }],
        vite: { environments: ['client'] },
        // VitePress shows no message of Vite but warnings.
        report: ({ files, methods, unchanged }) =>
          console.log(`copied: ${JSON.stringify({ files, methods, unchanged })}`),
      }),
    ],
  },
});
