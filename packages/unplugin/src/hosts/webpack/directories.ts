import { statsOf } from '../../stats.ts';
import { mayChangeUnseen } from './source.ts';

/** What is known of directories without reading them: whatever comes, goes or is replaced in one changes it. */
export class SeenDirectories {
  readonly #paths: readonly string[];
  readonly #look: string | undefined;

  /** `since`: what was changed from then on may not have been seen by whoever has read them. */
  constructor(paths: readonly string[], since = Number.POSITIVE_INFINITY) {
    this.#paths = paths;
    this.#look = look(paths, since);
  }

  /** Whether nothing has come, gone or been replaced. */
  get areSame(): boolean {
    return this.#look !== undefined && look(this.#paths, Number.POSITIVE_INFINITY) === this.#look;
  }
}

function look(paths: readonly string[], since: number): string | undefined {
  const looks: string[] = [];
  for (const each of paths) {
    const stats = statsOf(each);
    if (stats && mayChangeUnseen(stats, since)) return undefined;
    looks.push(stats ? `${stats.dev} ${stats.ino} ${stats.mtimeMs} ${stats.ctimeMs}` : '');
  }
  return looks.join();
}
