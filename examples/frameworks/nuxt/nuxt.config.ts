export default defineNuxtConfig({
  compatibilityDate: '2026-01-01',
  modules: [
    ['unplugin-reflink/nuxt', { targets: [{ from: 'assets/greeting.json', to: 'data' }], report: 'verbose' }],
  ],
  nitro: { prerender: { routes: ['/about'] } },
  telemetry: false,
});
