export const NAME = 'unplugin-reflink';
export const SERVE_NAME = 'unplugin-reflink:serve';
/** What the plugin that gives Vite its public directory is found by. */
export const PUBLIC_NAME = 'unplugin-reflink:public';
