import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type * as esbuild from 'esbuild';
import type { CopyReport } from 'fs-reflink';
import type { Options } from 'unplugin-reflink';
import reflink from 'unplugin-reflink/esbuild';
import { expect } from 'vitest';
import { exclusive } from '../../packages/unplugin/src/output/turns.ts';
import { type Bundler, buildOptions } from './hosts.ts';

export interface Context {
  root: string;
  outDir: string;
  context: esbuild.BuildContext;
  /** The reports of every build, and of copies between builds. */
  reports: CopyReport[];
  /** Builds again. An error, or a warning that is not expected, fails the test. */
  rebuild(): Promise<CopyReport>;
}

export const byDefault: Options = { publicDir: 'static', targets: [{ from: 'assets', to: 'assets' }] };

/** Runs `body` with a context of the project, which is disposed of afterwards. */
export async function withContext(
  { esbuild }: Bundler,
  root: string,
  options: Options,
  body: (context: Context) => Promise<void>,
  build: esbuild.BuildOptions = {},
): Promise<void> {
  const reports: CopyReport[] = [];
  const plugin = reflink({ report: (each) => void reports.push(each), ...options });
  const context = await esbuild.context({ ...buildOptions(root, [plugin]), ...build });
  const rebuild = async () => {
    const { warnings, errors } = await context.rebuild();
    expect({ warnings, errors }).toEqual({ warnings: [], errors: [] });
    return reports.at(-1)!;
  };
  try {
    await body({ root, outDir: join(root, 'dist'), context, reports, rebuild });
  } finally {
    await context.dispose();
    await untilIdle(root);
  }
}

/**
 * Waits until the plugin has finished its work between builds. A timer starts that work 50 ms after a build or a
 * change of a source, so a longer timer that is set later ends later.
 */
export async function untilIdle(root: string): Promise<void> {
  await wait(60);
  await exclusive(join(root, 'dist'), async () => {});
}

/** Waits until `holds` returns true. Returns whether it did. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  milliseconds = 50_000,
): Promise<boolean> {
  for (const end = Date.now() + milliseconds; Date.now() < end; await wait(20)) {
    if (await holds()) return true;
  }
  return false;
}

const watching = new WeakSet<esbuild.BuildContext>();

/** Starts to watch, and waits for the build that this starts: a rebuild in the meantime would be the same build. */
export async function startWatching({ context, reports }: Context): Promise<void> {
  if (watching.has(context)) return;
  watching.add(context);
  const before = reports.length;
  await context.watch();
  expect(await until(() => reports.length > before)).toBe(true);
}

/**
 * Whether a rebuild of a context that watches soon compares nothing: it reports everything as unchanged although the
 * manifest is missing, without which a copy would copy everything again. The project needs a `node_modules`.
 */
export async function isVouchedFor(context: Context): Promise<boolean> {
  const { root, rebuild } = context;
  await startWatching(context);
  const cache = join(root, 'node_modules/.cache');
  const away = join(root, 'node_modules/.away');
  return until(async () => {
    await untilIdle(root);
    rmSync(away, { recursive: true, force: true });
    renameSync(cache, away);
    const { files } = await rebuild();
    // The manifest was written again, so this rebuild or an earlier copy has compared files.
    if (files > 0 || existsSync(cache)) return false;
    renameSync(away, cache);
    return true;
  });
}
