// Starts a build with the built plugin, writes no output, and exits during the build, before a hook can wait.
const fs = require('node:fs');
const path = require('node:path');
const { setTimeout: wait } = require('node:timers/promises');
const reflink = require('unplugin-reflink/webpack');

const { id, config, options, where } = JSON.parse(process.argv[2]);
const webpack = require(id);

const compiler = webpack({
  ...config,
  plugins: [
    reflink({ report: false, ...options }),
    (compiler) => {
      compiler.hooks.make.tapPromise('exit', async () => {
        fs.mkdirSync(path.join(config.output.path, 'logs'), { recursive: true });
        if (where === 'an uncaught error') {
          setTimeout(() => {
            throw new Error('on purpose');
          });
          await wait(60_000);
        }
        if (where !== 'done') throw new Error('on purpose');
      });
      compiler.hooks.shouldEmit.tap('none', () => false);
      if (where === 'failed') compiler.hooks.failed.tap('exit', () => process.exit(3));
      if (where === 'done') compiler.hooks.done.tap({ name: 'exit', stage: -1e9 }, () => process.exit(3));
    },
  ],
});
compiler.run(() => process.exit(3));
