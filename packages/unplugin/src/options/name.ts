/** Of the plugin, in configs and in messages. */
export const NAME = 'unplugin-reflink';
