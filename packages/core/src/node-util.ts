/** `node:util`, loaded where there is an error to word: Node.js 24 takes 4 ms to load what it exports. */
export const nodeUtil = (): typeof import('node:util') => process.getBuiltinModule('node:util');
