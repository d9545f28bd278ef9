import { chromiumMissing } from '../browser/chromium.ts';
import { commandOf, runtimes } from '../runtimes/runtimes.ts';
import { reasonToSkip } from '../support/optional-lanes.ts';

/** The oldest version of Node.js that all frameworks of the examples support. */
const OLDEST = [22, 19] as const;

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const isNewEnough = major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
const isLinux = process.platform === 'linux' && process.arch === 'x64';

/** The reason why no example of a framework is built here. Undefined if they are. */
export const frameworksMissing = (): string | undefined =>
  reasonToSkip('frameworks', () =>
    isNewEnough || isLinux
      ? chromiumMissing()
      : `it needs Node.js ${OLDEST.join('.')}, or Linux on x64, where one is fetched`,
  );

/** The path of the Node.js that runs the frameworks: this one, or a downloaded one. */
export function nodeForFrameworks(): string {
  if (isNewEnough) return process.execPath;
  return commandOf(runtimes.find(({ label }) => label === 'Node.js 24')!)[0]!;
}
