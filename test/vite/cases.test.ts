import { join } from 'node:path';
import reflink from 'unplugin-reflink/vite';
import { BUNDLE } from '../hosts/cases.ts';
import { describeHost } from '../hosts/describe-host.ts';
import type { HostOutcome } from '../hosts/project.ts';
import { collectLog, vites } from './support.ts';

for (const { name, vite } of vites) {
  describeHost({
    name,
    id: 'vite',
    create: reflink,
    async build({ root, options, keepsOutput }): Promise<HostOutcome> {
      const log = collectLog();
      const errors: string[] = [];
      try {
        await vite.build({
          configFile: false,
          root,
          customLogger: log,
          logLevel: 'silent',
          plugins: [reflink(options)],
          build: {
            ...(keepsOutput && { emptyOutDir: false }),
            rollupOptions: { input: join(root, 'main.js'), output: { entryFileNames: BUNDLE } },
          },
        });
      } catch (error) {
        errors.push((error as Error).message);
      }
      return { outDir: join(root, 'dist'), warnings: log.warnings, errors, log: log.infos };
    },
  });
}
