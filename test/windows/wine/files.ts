import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { filters } from './inner-run.ts';
import { REPOSITORY } from './workspace.ts';

/** Where tests are that need Windows. */
const DIRECTORIES = ['packages/core/src/platform/win32', 'test/windows'];

/** The test files a run inside has to report, relative to the repository, sorted. */
export function laneFiles(): string[] {
  const wanted = filters();
  return DIRECTORIES.filter((directory) => existsSync(join(REPOSITORY, directory)))
    .flatMap((directory) =>
      readdirSync(join(REPOSITORY, directory), { recursive: true, encoding: 'utf8' }).map(
        (name) => `${directory}/${name}`,
      ),
    )
    .filter((file) => file.endsWith('.test.ts') && file !== 'test/windows/under-wine.test.ts')
    .filter((file) => wanted.length === 0 || wanted.some((word) => file.includes(word)))
    .sort();
}
