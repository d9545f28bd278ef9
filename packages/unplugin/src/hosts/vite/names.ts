import { NAME } from '../../options/name.ts';

export const SERVE_NAME = `${NAME}:serve`;
/** The name of the plugin that starts the copies. */
export const COPY_NAME = `${NAME}:copy`;
/** The name of the plugin that gives Vite its public directory. */
export const PUBLIC_NAME = `${NAME}:public`;
