/** The name of the plugin in configs and messages. */
export const NAME = 'unplugin-reflink';
