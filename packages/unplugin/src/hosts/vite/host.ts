// What a build needs, in one file: loaded when there is one, not with the config.
export { disposeAhead, prepareAhead } from '../../preparation.ts';
export { copiedBy, EnvironmentBuild } from './build.ts';
export { checkConfig, checkContext } from './check.ts';
export { commonOptions } from './instances.ts';
export { mayCopy, preparesInPlugin, switchOffEarly } from './output.ts';
export { unbuiltMessage, uncopiedMessages } from './uncopied.ts';
