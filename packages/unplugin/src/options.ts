import { inspect } from 'node:util';
import { type CopyOptions, type CopyReport, isSmallCopy } from 'fs-reflink';

/** Options of the copy engine that a bundler plugin passes on; see fs-reflink. */
type EngineOptions = Pick<
  CopyOptions,
  'reflink' | 'atomic' | 'preserve' | 'symlinks' | 'cache' | 'durability' | 'concurrency'
>;

/** Options of the plugin. Without any it takes over the host's public directory. */
export interface Options extends EngineOptions {
  /**
   * What is told about each output directory: nothing, one line through the host's logger, or the report to
   * a function.
   *
   * @default 'summary'
   */
  report?: false | 'summary' | ((report: CopyReport, outDir: string) => void);
  /**
   * Vite: environments whose public directory is taken over, by name. Those with `copyPublicDir: false`
   * never are.
   *
   * @default all
   */
  environments?: readonly string[] | ((name: string) => boolean);
}

export interface ResolvedOptions {
  engine: EngineOptions;
  report: false | 'summary' | ((report: CopyReport, outDir: string) => void);
  includesEnvironment: (name: string) => boolean;
}

const ENGINE = ['reflink', 'atomic', 'preserve', 'symlinks', 'cache', 'durability', 'concurrency'] as const;
const KNOWN: readonly string[] = [...ENGINE, 'report', 'environments'];

/**
 * Checks options and fills in what was left out.
 *
 * @throws {TypeError} naming the option, its value and the host
 */
export function resolveOptions(options: Options | undefined, host: string): ResolvedOptions {
  const given = options ?? {};
  if (typeof given !== 'object' || Array.isArray(given))
    throw wrong(host, 'options', 'must be an object', given);
  const unknown = Object.keys(given).find((name) => !KNOWN.includes(name));
  if (unknown) {
    throw new TypeError(
      `unplugin-reflink (${host}): unknown option "${unknown}"; known are ${KNOWN.join(', ')}`,
    );
  }
  const { report = 'summary', environments } = given;
  if (report !== false && report !== 'summary' && typeof report !== 'function') {
    throw wrong(host, 'report', "must be false, 'summary' or a function", report);
  }
  const isList = Array.isArray(environments) && environments.every((name) => typeof name === 'string');
  if (environments !== undefined && !isList && typeof environments !== 'function') {
    throw wrong(host, 'environments', 'must be an array of names or a function', environments);
  }
  const engine = Object.fromEntries(
    ENGINE.filter((name) => given[name] !== undefined).map((name) => [name, given[name]]),
  );
  checkEngine(engine, host);
  return {
    engine,
    report,
    includesEnvironment: toPredicate(environments),
  };
}

/** The engine knows what its options accept, and checks them before it looks at a single target. */
function checkEngine(engine: EngineOptions, host: string): void {
  try {
    isSmallCopy([], engine);
  } catch (error) {
    const { message } = error as TypeError;
    throw new TypeError(message.replace('fs-reflink:', `unplugin-reflink (${host}):`));
  }
}

function toPredicate(environments: Options['environments']): (name: string) => boolean {
  if (environments === undefined) return () => true;
  return typeof environments === 'function' ? environments : (name) => environments.includes(name);
}

function wrong(host: string, option: string, what: string, value: unknown): TypeError {
  return new TypeError(
    `unplugin-reflink (${host}): option "${option}" ${what}, got ${inspect(value, { depth: 1, breakLength: Infinity })}`,
  );
}
