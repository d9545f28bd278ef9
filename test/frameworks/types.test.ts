import { rmSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeTree } from '../support/trees.ts';
import { frameworksMissing } from './runtime.ts';

const missing = frameworksMissing();
const lane = missing ? ` (skipped: ${missing})` : '';
const examples = join(import.meta.dirname, '../../examples/frameworks');

/** Code with wrong types is marked as an expected error. TypeScript reports a mark without an error. */
const code = {
  'astro/types.check.ts': `
    import type { AstroIntegration } from 'astro';
    import { defineConfig } from 'astro/config';
    import reflink from 'unplugin-reflink/astro';
    export const integration: AstroIntegration = reflink({ targets: [{ from: 'a' }] });
    export default defineConfig({ integrations: [reflink()] });
    // @ts-expect-error
    reflink({ target: [] });
  `,
  'sveltekit/types.check.ts': `
    import adapter from '@sveltejs/adapter-node';
    import type { Adapter } from '@sveltejs/kit';
    import withReflink from 'unplugin-reflink/sveltekit';
    export const wrapped: Adapter = withReflink(adapter(), { report: 'verbose' });
    // @ts-expect-error
    withReflink(adapter(), { targets: [] });
  `,
  'nuxt/types.check.ts': `
    import { defineNuxtConfig } from 'nuxt/config';
    import type { NuxtModule } from 'nuxt/schema';
    import reflink from 'unplugin-reflink/nuxt';
    export const nuxtModule: NuxtModule<{ targets: { from: string }[] }> = reflink;
    export default defineNuxtConfig({
      modules: [['unplugin-reflink/nuxt', { targets: [] }], [reflink, { targets: [{ from: 'a' }] }]],
    });
    // @ts-expect-error
    reflink({ publicDir: 'a' }, {} as never);
  `,
};
const files = Object.keys(code);

describe.skipIf(missing)(`the entries have the types of the frameworks${lane}`, () => {
  let problems: Map<string, string[]>;

  beforeAll(() => {
    writeTree(examples, code);
    const program = ts.createProgram(
      files.map((name) => join(examples, name)),
      {
        target: ts.ScriptTarget.ES2023,
        module: ts.ModuleKind.NodeNext,
        lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'],
        types: ['node'],
        typeRoots: [join(examples, '../../node_modules/@types')],
        strict: true,
        noEmit: true,
        skipLibCheck: true,
      },
    );
    problems = new Map(
      files.map((name) => {
        const found = ts.getPreEmitDiagnostics(program, program.getSourceFile(join(examples, name)));
        return [name, found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))];
      }),
    );
  });

  afterAll(() => {
    for (const name of files) rmSync(join(examples, name), { force: true });
  });

  test.each(files)('%s', (name) => {
    expect(problems.get(name)).toEqual([]);
  });
});
