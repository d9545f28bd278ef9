// Everything that a build needs, in one file. It is loaded when a build starts, not with the config.

export { pluginsOf, withAssets } from '../../assets/plugin-order.ts';
export { disposeAhead, prepareAhead } from '../../output/preparation.ts';
export { importUrls, loadAsset } from './assets.ts';
export { copiedBy, EnvironmentBuild } from './build.ts';
export { checkConfig, checkContext } from './check.ts';
export { commonOptions } from './instances.ts';
export { mayCopy, preparesInPlugin, switchOffEarly } from './output.ts';
export { noteBegun, unbuiltMessage, uncopiedMessages } from './uncopied.ts';
