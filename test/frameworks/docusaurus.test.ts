import { describeExample } from './example.ts';

describeExample({
  name: 'docusaurus',
  title: 'Docusaurus',
  command: ['node_modules/@docusaurus/core/bin/docusaurus.mjs', 'build'],
  made: ['build', '.docusaurus', 'node_modules/.cache'],
  site: 'build',
  publicDir: 'static',
  summary: 'public, targets → build',
  second: 'Docusaurus deletes its output',
});
