import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeTree } from '../support/trees.ts';

const repository = join(import.meta.dirname, '../..');

/** Pages whose code is for TypeScript as it stands, but for the import of `copy`. */
const pages = ['docs/fs-reflink.md', 'docs/bundlers/others.md', 'packages/core/README.md'];
const blocks = pages.flatMap((page) =>
  [...readFileSync(join(repository, page), 'utf8').matchAll(/```ts\n(.*?)```/gs)].map(
    ([, code], position) => ({
      page,
      number: position + 1,
      code: /^import /m.test(code!) ? code! : `import { copy } from 'fs-reflink';\n${code}`,
    }),
  ),
);

describe('code of the pages has the types of the packages', () => {
  let root: string;
  let problems: Map<string, string[]>;

  beforeAll(() => {
    // Where the packages that it imports are found.
    const cache = join(import.meta.dirname, '../node_modules/.cache');
    mkdirSync(cache, { recursive: true });
    root = mkdtempSync(join(cache, 'code-'));
    const names = blocks.map((_, position) => `${position}.ts`);
    writeTree(root, {
      'package.json': '{ "type": "module" }',
      ...Object.fromEntries(blocks.map(({ code }, position) => [`${position}.ts`, code])),
    });
    const { config } = ts.readConfigFile(join(repository, 'tsconfig.json'), ts.sys.readFile);
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, repository);
    // An example may leave a result unused.
    const given = { ...options, noUnusedLocals: false };
    const program = ts.createProgram(
      names.map((name) => join(root, name)),
      given,
    );
    problems = new Map(
      names.map((name) => {
        const found = ts.getPreEmitDiagnostics(program, program.getSourceFile(join(root, name)));
        return [name, found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))];
      }),
    );
  });

  afterAll(() => {
    if (root) rmSync(root, { recursive: true });
  });

  test.each(blocks.map(({ page, number }, position) => [page, number, position] as const))(
    '%s, block %i',
    (_page, _number, position) => {
      expect(problems.get(`${position}.ts`)).toEqual([]);
    },
  );
});
