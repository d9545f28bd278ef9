const reflink = require('unplugin-reflink/webpack');

/** The plugin by which Docusaurus copies its static directories. */
const isCopyPlugin = (plugin) => plugin?.constructor.name === 'CopyPlugin';

module.exports = {
  title: 'unplugin-reflink with Docusaurus',
  url: 'https://example.com',
  baseUrl: '/',
  favicon: 'images/logo.svg',
  plugins: [
    '@docusaurus/plugin-content-pages',
    () => ({
      name: 'copy-static-files',
      configureWebpack(config, isServer) {
        // The output for the server is deleted after the build.
        if (isServer) return {};
        config.plugins = config.plugins.filter((plugin) => !isCopyPlugin(plugin));
        const targets = [{ from: 'assets/greeting.json', to: 'data' }];
        return { plugins: [reflink({ publicDir: 'static', targets, report: 'verbose' })] };
      },
    }),
  ],
};
