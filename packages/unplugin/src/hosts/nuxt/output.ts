import fs from 'node:fs';
import path from 'node:path';
import type { Target } from 'fs-reflink';
import { isInside } from 'fs-reflink/host';
import { NAME } from '../../options/name.ts';
import type { ResolvedOptions } from '../../options/options.ts';
import { BuildCopies } from '../../output/build.ts';
import { wasCopied } from '../../output/cache.ts';
import { keptIn, loadEmptying } from '../../output/empty.ts';
import { namedLog } from '../../output/log.ts';
import { linkStatsOf, statsOf } from '../../targets/stats.ts';
import { relativeName, toTargets } from '../../targets/targets.ts';
import type { Nitro, Nuxt } from './types.ts';

/**
 * The directory in which Nitro collects the files for browsers. Nitro deletes it when a build starts. So this moves it
 * away before, and moves it back before the copy. Then it moves what Nitro has written in the meantime into it.
 */
export function nitroOutput(
  options: ResolvedOptions,
  { options: { rootDir: root, buildDir } }: Nuxt,
  nitro: Nitro,
) {
  const directory = path.resolve(nitro.options.output.publicDir);
  const copies = new BuildCopies({ host: 'nuxt', options, log: namedLog(nitro.logger), root });
  /** Where the output of the previous build is moved, and then what Nitro has written in this build. */
  const earlier = path.join(buildDir, `${NAME}-earlier`);
  const fresh = path.join(buildDir, `${NAME}-fresh`);

  /** Moves the output of the previous build back, calls `empty`, and adds what Nitro has written since. */
  const bringBack = (empty: () => void) => {
    if (!fs.existsSync(earlier)) return;
    if (fs.existsSync(directory) && !move(directory, fresh)) return;
    if (!move(earlier, directory)) {
      move(fresh, directory);
      return;
    }
    empty();
    for (const name of filesIn(fresh)) {
      const destination = path.join(directory, name);
      clearWay(directory, name);
      if (statsOf(destination)?.isDirectory()) fs.rmSync(destination, { recursive: true });
      fs.mkdirSync(path.dirname(destination), { recursive: true });
      fs.renameSync(path.join(fresh, name), destination);
    }
    fs.rmSync(fresh, { recursive: true, force: true });
  };

  return {
    /** Call this before Nitro deletes the output. */
    setAside() {
      for (const each of [earlier, fresh]) fs.rmSync(each, { recursive: true, force: true });
      if (wasCopied(copies.cacheDirectory, directory)) move(directory, earlier);
    },

    /** Call this before Nitro copies public directories. Nitro skips files that exist already. */
    async copy() {
      const settings = {
        directory,
        ...toTargets(options, { root }),
        // There are none if Nitro is to copy them.
        publicTargets: options.publicDirs ? [] : publicTargetsOf(nitro),
        keep: keptIn(directory),
      };
      const written = filesIn(directory);
      await loadEmptying();
      try {
        bringBack(() => copies.empty(settings));
        await copies.copy({ ...settings, written });
      } finally {
        await copies.end({ keepWorkers: false });
      }
    },
  };
}

/** Nuxt's public directories as targets. */
function publicTargetsOf({ options: { publicAssets, ignore, srcDir } }: Nitro): Target<string>[] {
  const existing = publicAssets.filter(({ dir }) => statsOf(dir)?.isDirectory());
  return existing.toReversed().map(({ dir, baseURL = '/' }) => ({
    from: path.resolve(dir),
    to: path.posix.join('.', baseURL),
    ignore: ignore.flatMap((pattern) => globsIn(dir, pattern, srcDir)),
  }));
}

/** All files and links in a directory, relative to it. */
function filesIn(directory: string): string[] {
  if (!fs.existsSync(directory)) return [];
  return fs
    .readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map(({ parentPath, name }) => path.relative(directory, path.join(parentPath, name)));
}

/** Returns whether the move succeeded. It fails between filesystems. */
function move(from: string, to: string): boolean {
  try {
    fs.mkdirSync(path.dirname(to), { recursive: true });
    fs.renameSync(from, to);
    return true;
  } catch {
    return false;
  }
}

/** Deletes the file or link that is in the place of a directory that contains `name`, which is below `directory`. */
function clearWay(directory: string, name: string): void {
  const parents = path.dirname(name).split(path.sep);
  for (const depth of parents.keys()) {
    const parent = path.join(directory, ...parents.slice(0, depth + 1));
    if (linkStatsOf(parent)?.isDirectory() === false) fs.rmSync(parent);
  }
}

/** Globs for what a pattern of Nitro's option `ignore` excludes from a directory, relative to that directory. */
function globsIn(directory: string, pattern: string, srcDir: string): string[] {
  // In Nitro, a negated pattern does not include again what another pattern has excluded.
  if (pattern.startsWith('!')) return [];
  if (pattern.startsWith('*')) return [pattern];
  const full = path.resolve(srcDir, pattern);
  return isInside(directory, full) ? [relativeName(directory, full)] : [];
}
