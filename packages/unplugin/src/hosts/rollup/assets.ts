import path from 'node:path';
import type { PluginContext } from 'rollup';
import type { BundledAssets } from '../../assets/bundled-assets.ts';

/** A module that another one imports the URL of a file from. */
export interface AssetModule {
  code: string;
  map: { mappings: '' };
  moduleSideEffects: false;
  moduleType?: 'js';
}

/** The module of an imported file that the engine copies. Undefined: the file is the bundler's. */
export async function loadAsset(
  id: string,
  assets: BundledAssets,
  context: Pick<PluginContext, 'addWatchFile' | 'emitFile' | 'meta'>,
): Promise<AssetModule | undefined> {
  if (!path.isAbsolute(id)) return undefined;
  const source = await assets.standInOf(id);
  if (source === undefined) return undefined;
  // Rolldown watches what it has read itself.
  context.addWatchFile(id);
  const name = path.basename(id);
  const reference = context.emitFile({ type: 'asset', name, originalFileName: id, source });
  assets.emitted(reference);
  return {
    code: `export default import.meta.ROLLUP_FILE_URL_${reference};`,
    map: { mappings: '' },
    moduleSideEffects: false,
    // Of a name that ends with ".wasm", for instance, Rolldown expects something else.
    ...('rolldownVersion' in context.meta && { moduleType: 'js' }),
  };
}
