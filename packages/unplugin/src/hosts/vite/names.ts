export const NAME = 'unplugin-reflink';
export const SERVE_NAME = 'unplugin-reflink:serve';
/** The name of the plugin that starts the copies. */
export const COPY_NAME = 'unplugin-reflink:copy';
/** The name of the plugin that gives Vite its public directory. */
export const PUBLIC_NAME = 'unplugin-reflink:public';
