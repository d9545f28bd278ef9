import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { frameworksMissing, nodeForFrameworks } from './runtime.ts';

const examples = fileURLToPath(new URL('../../examples/frameworks', import.meta.url));

/** Installs the frameworks, which are a separate workspace, so that other tests do not need them. */
export default function install(): void {
  if (frameworksMissing()) return;
  const node = nodeForFrameworks();
  if (isUpToDate()) return;
  const args = ['--yes', 'pnpm@12', 'install', '--frozen-lockfile', '--prefer-offline'];
  const { status, stdout, stderr } = spawnSync('npx', args, {
    cwd: examples,
    encoding: 'utf8',
    // With this Node.js there are no warnings about packages that do not support the Node.js of the tests.
    env: { ...process.env, PATH: `${dirname(node)}:${process.env.PATH}` },
    shell: process.platform === 'win32',
  });
  if (status !== 0) throw new Error(`the frameworks cannot be installed: ${stdout}${stderr}`);
}

function isUpToDate(): boolean {
  const installed = join(examples, 'node_modules/.pnpm/lock.yaml');
  const read = (file: string) => readFileSync(file, 'utf8');
  return existsSync(installed) && read(installed) === read(join(examples, 'pnpm-lock.yaml'));
}
