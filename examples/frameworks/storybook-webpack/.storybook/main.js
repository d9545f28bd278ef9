import reflink from 'unplugin-reflink/webpack';

export default {
  framework: '@storybook/react-webpack5',
  stories: ['../stories/*.stories.js'],
  core: { disableTelemetry: true },
  // Not "staticDirs", which Storybook copies itself.
  webpackFinal(config) {
    config.plugins.push(
      reflink({
        publicDir: 'public',
        targets: [{ from: 'assets/greeting.json', to: 'data' }],
        report: 'verbose',
      }),
    );
    return config;
  },
};
