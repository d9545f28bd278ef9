import { describeExample } from './example.ts';

for (const builder of ['Vite', 'webpack'])
  describeExample({
    name: `storybook-${builder.toLowerCase()}`,
    title: `Storybook with ${builder}`,
    command: ['node_modules/storybook/dist/bin/dispatcher.js', 'build'],
    made: ['storybook-static', 'node_modules/.cache', 'node_modules/.vite'],
    site: 'storybook-static',
    summary: 'public, targets → storybook-static',
    path: '/iframe.html?id=greeting--default&viewMode=story',
    second: 'Storybook deletes its output',
  });
