import path from 'node:path';
import type { PluginContext } from 'rollup';
import type { BundledAssets } from '../../assets/bundled-assets.ts';

/** A module whose default export is the URL of a file. */
export interface AssetModule {
  code: string;
  map: { mappings: '' };
  moduleSideEffects: false;
  moduleType?: 'js';
}

/** Returns the module of an imported file that the engine copies, or undefined if the bundler handles the file. */
export async function loadAsset(
  id: string,
  assets: BundledAssets,
  context: Pick<PluginContext, 'addWatchFile' | 'emitFile' | 'meta'>,
): Promise<AssetModule | undefined> {
  if (!path.isAbsolute(id)) return undefined;
  const source = await assets.standInOf(id);
  if (source === undefined) return undefined;
  // Rolldown watches by itself only the files that it has read.
  context.addWatchFile(id);
  const name = path.basename(id);
  const reference = context.emitFile({ type: 'asset', name, originalFileName: id, source });
  assets.emitted(reference);
  return {
    code: `export default import.meta.ROLLUP_FILE_URL_${reference};`,
    map: { mappings: '' },
    moduleSideEffects: false,
    // Otherwise Rolldown takes the type from the name, for example from ".wasm".
    ...('rolldownVersion' in context.meta && { moduleType: 'js' }),
  };
}
