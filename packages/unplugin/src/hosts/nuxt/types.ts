// The parts of Nuxt and Nitro that are used here. Their types are available only with Nuxt.

import type { HostLog } from '../../output/log.ts';

// biome-ignore lint/suspicious/noExplicitAny: each hook has its own arguments.
type Hook = (name: any, callback: (...given: any[]) => unknown) => unknown;

export interface Nuxt {
  options: { rootDir: string; buildDir: string; dev: boolean; app: { baseURL: string } };
  hook: Hook;
}

export interface Nitro {
  options: {
    srcDir: string;
    output: { publicDir: string };
    /** If two directories have a file of the same name, the file of the earlier directory is kept. */
    publicAssets: { dir: string; baseURL?: string }[];
    ignore: string[];
    noPublicDir?: boolean;
    devHandlers: object[];
  };
  hooks: { hook: Hook };
  logger: HostLog;
}
