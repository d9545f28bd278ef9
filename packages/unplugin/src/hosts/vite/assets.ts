import path from 'node:path';
import { isInside } from 'fs-reflink/host';
import type { Environment, Rollup } from 'vite';
import type { BundledAssets } from '../../assets/bundled-assets.ts';
import { relativeName } from '../../targets/targets.ts';

/** The part of the `this` of `load` and `transform` that is used here. */
type Context = Pick<Rollup.PluginContext, 'addWatchFile' | 'emitFile' | 'getModuleInfo' | 'parse'> & {
  environment: Environment;
};

const ID = /^([^?#\0]+)(?:\?([^#]*))?$/;

/**
 * Returns the module that Vite would create for an imported file, but with the stand-in in place of the content.
 * Returns undefined if Vite has to create the module itself.
 */
export async function loadAsset(context: Context, id: string, assets: BundledAssets) {
  const { environment } = context;
  const [, file, query] = ID.exec(id) ?? [];
  if (file === undefined || !isUrl(environment, file, query)) return undefined;
  const isInlined = !query?.split('&').includes('no-inline') && mayBeInlined(environment, file, assets);
  if (isInlined || isPublic(environment, file) || context.getModuleInfo(id)?.isEntry) return undefined;
  const source = await assets.standInOf(file);
  if (source === undefined) return undefined;
  context.addWatchFile(file);
  const originalFileName = relativeName(environment.config.root, file);
  const name = path.basename(file);
  const reference = context.emitFile({ type: 'asset', name, originalFileName, source });
  assets.emitted(reference);
  return {
    // Vite replaces this with the URL, which depends on `base` and `experimental.renderBuiltUrl`.
    code: `export default "__VITE_ASSET__${reference}__";`,
    map: { mappings: '' as const },
    moduleType: 'js' as const,
    moduleSideEffects: false,
    meta: { 'vite:asset': true },
  };
}

/** Whether Vite treats a module as an asset, whose default export is the URL of the file. */
function isUrl({ config }: Environment, file: string, query: string | undefined): boolean {
  const parts = query?.split('&') ?? [];
  if (!parts.every((each) => each === 'url' || each === 'no-inline')) return false;
  return parts.includes('url') || config.assetsInclude(file);
}

/**
 * Whether Vite may inline a file, and so has to read it. In library mode Vite inlines all assets. If
 * `assetsInlineLimit` is a function, Vite calls it with the content.
 */
function mayBeInlined({ config }: Environment, file: string, assets: BundledAssets): boolean {
  const { lib, assetsInlineLimit } = config.build;
  if (lib || typeof assetsInlineLimit === 'function') return true;
  return (assets.selection.find(file)?.size ?? 0) < Number(assetsInlineLimit);
}

function isPublic(environment: Environment, file: string): boolean {
  const { publicDir } = environment.getTopLevelConfig();
  return publicDir !== '' && isInside(path.resolve(publicDir), path.resolve(file));
}

/** A node of the syntax tree (ESTree) that parsers of JavaScript return. */
interface Node {
  type: string;
  start: number;
  end: number;
  [property: string]: unknown;
}

/**
 * Changes each `new URL('./a.wasm', import.meta.url)` whose file the engine copies: an imported URL (`?url`) replaces
 * the string. The result is the same, but Vite does not read the file. All other code keeps its position. Returns
 * undefined if nothing has to be changed.
 */
export function importUrls(
  context: Context,
  code: string,
  id: string,
  assets: BundledAssets,
): { code: string; map: null } | undefined {
  const { environment } = context;
  const [, importer] = ID.exec(id) ?? [];
  if (importer === undefined || environment.config.consumer !== 'client') return undefined;
  if (!/\bnew\s+URL\b/.test(code) || !code.includes('import.meta.url')) return undefined;
  const tree = parsed(context, code);
  if (!tree) return undefined;
  let changed = code;
  const imports = new Map<string, string>();
  for (const literal of urlsIn(tree)) {
    const url = literal.value as string;
    const file = path.resolve(path.dirname(importer), url);
    if (!/^\.\.?\/[^?#]*$/.test(url) || /@vite-ignore/.test(code.slice(literal.before, literal.start)))
      continue;
    if (!assets.selection.find(file) || mayBeInlined(environment, file, assets)) continue;
    if (isPublic(environment, file)) continue;
    const name = imports.get(url) ?? freeName(changed);
    // A name that is longer than the literal would move the code after it. Vite handles such a URL itself.
    if (name.length > literal.end - literal.start) continue;
    imports.set(url, name);
    changed =
      changed.slice(0, literal.start) + name.padEnd(literal.end - literal.start) + changed.slice(literal.end);
  }
  if (imports.size === 0) return undefined;
  const lines = [...imports].map(([url, name]) => `import ${name} from ${JSON.stringify(`${url}?url`)};`);
  return { code: `${changed}\n${lines.join('\n')}\n`, map: null };
}

function freeName(code: string): string {
  for (let number = 0; ; number++) if (!code.includes(`$url${number}`)) return `$url${number}`;
}

/** Yields the first argument of every `new URL('…', import.meta.url)`, except URLs of workers, which Vite bundles. */
function* urlsIn(tree: Node): Generator<Node & { before: number }> {
  const nodes = [tree];
  for (let node = nodes.pop(); node; node = nodes.pop()) {
    const { type, callee, arguments: given } = node as Node & { callee?: Node; arguments?: Node[] };
    const isNew = type === 'NewExpression' && callee?.type === 'Identifier';
    if (isNew && (callee.name === 'Worker' || callee.name === 'SharedWorker')) continue;
    if (isNew && callee.name === 'URL' && given?.length === 2) {
      const [url, base] = given as [Node, Node];
      if (url.type === 'Literal' && typeof url.value === 'string' && isOwnUrl(base))
        yield { ...url, before: callee.end };
    }
    for (const child of Object.values(node).flat())
      if (typeof (child as Node | null)?.type === 'string') nodes.push(child as Node);
  }
}

/** Returns undefined if the code is not JavaScript: Vite also passes HTML and styles to `transform`. */
function parsed(context: Context, code: string): Node | undefined {
  try {
    return context.parse(code) as unknown as Node;
  } catch {
    return undefined;
  }
}

/** Whether a node is `import.meta.url`. */
function isOwnUrl({ type, object, property, computed }: Node): boolean {
  const isMeta = type === 'MemberExpression' && (object as Node).type === 'MetaProperty';
  return isMeta && !computed && (property as Node).name === 'url';
}
