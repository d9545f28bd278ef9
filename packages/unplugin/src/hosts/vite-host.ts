// What a build needs, in one file: loaded when there is one, not with the config.
export { disposeAhead, prepareAhead } from '../preparation.ts';
export { copiedBy, EnvironmentBuild } from './vite-build.ts';
export { checkConfig, checkContext } from './vite-check.ts';
export { commonOptions } from './vite-instances.ts';
export { mayCopy, preparesInPlugin, switchOffEarly } from './vite-output.ts';
export { unbuiltMessage, uncopiedMessages } from './vite-uncopied.ts';
