/** Returns `node:util`. It is loaded only to describe an error, because Node.js 24 needs 4 ms to load its exports. */
export const nodeUtil = (): typeof import('node:util') => process.getBuiltinModule('node:util');
