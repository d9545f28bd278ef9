import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ResolvedOptions } from '../../options/options.ts';
import { namedLog } from '../../output/log.ts';
import { ServedFiles } from '../../serve/files.ts';
import { createMiddleware, pathOfBase } from '../../serve/middleware.ts';
import { toTargets } from '../../targets/targets.ts';
import type { Nitro, Nuxt } from './types.ts';

/** The part of an event of h3 that is used here. */
interface Event {
  node: { req: IncomingMessage; res: ServerResponse };
}

/** Serves the sources of targets. Nitro serves public files, in development too. */
export function serveTargets(
  nitro: Nitro,
  { options: { rootDir, app } }: Nuxt,
  options: ResolvedOptions,
): void {
  const targets = { ...toTargets(options, { root: rootDir }), publicTargets: [] };
  if (targets.targets.length === 0) return;
  const served = { root: rootDir, outDir: nitro.options.output.publicDir, targets };
  const handle = createMiddleware(
    new ServedFiles(served, options, namedLog(nitro.logger)),
    { pathOf: pathOfBase(app.baseURL), isUnwatched: true },
    options,
  );
  nitro.options.devHandlers.push({
    handler: ({ node: { req, res } }: Event) =>
      new Promise<void>((resolve, reject) => {
        res.once('close', resolve);
        handle(req, res, (error) => (error ? reject(error) : resolve()));
      }),
  });
}
