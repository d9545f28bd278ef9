import reflink from 'unplugin-reflink/vite';

export default {
  framework: '@storybook/html-vite',
  stories: ['../stories/*.stories.js'],
  core: { disableTelemetry: true },
  // Not "staticDirs", which Storybook copies itself: Vite's public directory is the plugin's.
  viteFinal(config) {
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
