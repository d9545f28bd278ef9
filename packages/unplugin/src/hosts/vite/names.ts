export const NAME = 'unplugin-reflink';
export const SERVE_NAME = 'unplugin-reflink:serve';
/** What the plugin that copies is found by. */
export const COPY_NAME = 'unplugin-reflink:copy';
/** What the plugin that gives Vite its public directory is found by. */
export const PUBLIC_NAME = 'unplugin-reflink:public';
