import { describeExample } from './example.ts';

describeExample({
  name: 'vitepress',
  title: 'VitePress',
  command: ['node_modules/vitepress/bin/vitepress.js', 'build'],
  made: ['.vitepress/dist', '.vitepress/cache', '.vitepress/.temp', 'node_modules/.vite'],
  site: '.vitepress/dist',
  summary(printed) {
    const [, report] = /^copied: (.*)$/m.exec(printed)!;
    const { methods, ...counts } = JSON.parse(report!);
    return { ...counts, methods: Object.keys(methods) };
  },
  second: 'unchanged',
});
