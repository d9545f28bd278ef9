import fs from 'node:fs';
import ts from 'typescript';
import { expect, test } from 'vitest';

/** `moduleResolution: node10` ("node"), which many configs still have, does not read `exports`. */
const resolutions = [
  ['node10', ts.ModuleResolutionKind.Node10, ts.ModuleKind.CommonJS],
  ['bundler', ts.ModuleResolutionKind.Bundler, ts.ModuleKind.ESNext],
  ['nodenext', ts.ModuleResolutionKind.NodeNext, ts.ModuleKind.NodeNext],
] as const;

test.each(
  ['unplugin', 'core'].flatMap((folder) =>
    resolutions.map(([name, ...kinds]) => [folder, name, kinds] as const),
  ),
)(
  'TypeScript finds the types of each entry of the published package %s with moduleResolution %s',
  (folder, _name, [moduleResolution, module]) => {
    const { publishConfig = {}, ...given } = JSON.parse(
      fs.readFileSync(new URL(`../../${folder}/package.json`, import.meta.url), 'utf8'),
    );
    const published = { ...given, ...publishConfig };
    const root = `/project/node_modules/${published.name}`;
    const built = new Map<string, string>([[`${root}/package.json`, JSON.stringify(published)]]);
    const entries = Object.keys(published.exports).filter((each) => each !== './package.json');
    for (const entry of entries) {
      const file = published.exports[entry].replace(/\.js$/, '');
      for (const extension of ['js', 'd.ts']) built.set(`${root}/${file.slice(2)}.${extension}`, '');
    }
    const host: ts.ModuleResolutionHost = {
      fileExists: (file) => built.has(file),
      readFile: (file) => built.get(file),
      directoryExists: (directory) => [...built.keys()].some((each) => each.startsWith(`${directory}/`)),
    };
    const found = entries.map((entry) => {
      const name = published.name + entry.slice(1);
      const options = { module, moduleResolution };
      return ts.resolveModuleName(name, '/project/config.ts', options, host).resolvedModule?.resolvedFileName;
    });
    expect(found).toEqual(
      entries.map((entry) => `${root}/dist/${entry === '.' ? 'index' : entry.slice(2)}.d.ts`),
    );
  },
);
