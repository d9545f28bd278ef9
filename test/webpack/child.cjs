// Builds with the built plugin, as a config that is not a module has it, and says what it took. Has to end by itself.
const reflink = require('unplugin-reflink/webpack');

const { id, config, options } = JSON.parse(process.argv[2]);
const reports = [];
const report = (each) => reports.push(each);
const webpack = require(id);
const compiler = webpack({ ...config, plugins: [reflink({ report, ...options })] });
compiler.run((error, stats) => {
  if (error) throw error;
  const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
  compiler.close(() => {
    const peakRss = process.resourceUsage().maxRSS * 1024;
    const list = (messages) => messages.map(({ message }) => message);
    console.log(JSON.stringify({ reports, errors: list(errors), warnings: list(warnings), peakRss }));
  });
});
