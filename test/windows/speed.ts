// How fast copy() is beside fs.cpSync in a Windows Node.js, under Wine: `npx tsx test/windows/speed.ts [rounds]`.
// Prints JSON. Wine's system calls are not Windows', so the ratio says something, the times say little.
import build from '../support/build.ts';
import { nodeVersions, openWindowsNode, wineUnavailable } from './wine.ts';

const TIMEOUT_MS = 300_000;
const rounds = process.argv[2] ?? '7';

process.env.REFLINK_LANES = 'windows';
const reason = wineUnavailable();
if (reason) throw new Error(reason);
build();

for (const version of nodeVersions) {
  using node = openWindowsNode(version);
  const script = ['--disable-warning=ExperimentalWarning', 'test/windows/wine/speed-inside.ts', rounds];
  const { status, output } = await node.run(script, { timeout: TIMEOUT_MS });
  if (status !== 0) throw new Error(`Node.js ${version.version} ended with ${status}:\n${output}`);
  console.log(output.trim());
}
