// Builds with the built plugin, which it loads by `require`, and prints the outcome. The process must end by itself.
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
