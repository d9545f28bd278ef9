import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { slugOf } from '../../docs/.vitepress/slug.ts';
import { resolveOptions } from '../../packages/unplugin/src/options/resolve-options.ts';

const repository = join(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(repository, file), 'utf8');

/** The headings of a page, as their anchors. */
function anchorsOf(page: string): string[] {
  const text = read(page).replaceAll(/```.*?```/gs, '');
  return [...text.matchAll(/^#{1,6} (.*)$/gm)].map(([, heading]) => slugOf(heading!));
}

/** The properties of exported interfaces, inherited ones included. */
function propertiesOf(file: string, names: readonly string[]): Map<string, string[]> {
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(join(repository, 'tsconfig.json'), ts.sys.readFile).config,
    ts.sys,
    repository,
  );
  const path = join(repository, file);
  const program = ts.createProgram([path], options);
  const checker = program.getTypeChecker();
  const exported = checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(path)!)!);
  return new Map(
    names.map((name) => {
      const symbol = exported.find((each) => each.name === name)!;
      const properties = checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol));
      return [name, properties.map((each) => each.name)];
    }),
  );
}

describe('the page of options', () => {
  const properties = propertiesOf('packages/unplugin/src/options/options.ts', [
    'Options',
    'OutputTarget',
    'PublicDirectory',
    'ViteOptions',
    'WebpackOptions',
    'RspackOptions',
  ]);
  const assets = propertiesOf('packages/unplugin/src/assets/options.ts', ['ImportedAssets']);
  const expected = [
    ...properties.get('Options')!.map((name) => [name, name]),
    ...properties.get('OutputTarget')!.map((name) => [`targets[].${name}`, name]),
    ...properties.get('PublicDirectory')!.map((name) => [`publicDir.${name}`, name]),
    ...properties.get('ViteOptions')!.map((name) => [`vite.${name}`, name]),
    ...properties.get('WebpackOptions')!.map((name) => [`webpack.${name}`, name]),
    ...properties.get('RspackOptions')!.map((name) => [`rspack.${name}`, name]),
    ...assets.get('ImportedAssets')!.map((name) => [`assets.${name}`, name]),
  ].map(([heading]) => heading!);
  const anchors = anchorsOf('docs/options.md');

  test('there are options', () => {
    expect(expected).toContain('publicDir');
    expect(expected).toContain('reflink');
    expect(expected).toContain('targets[].from');
    expect(expected).toContain('publicDir.to');
  });

  test.each(expected)('has a heading for %s', (heading) => {
    expect(anchors).toContain(slugOf(heading));
  });

  test('has no heading for what is no option', () => {
    const headings = [...read('docs/options.md').matchAll(/^### `(.*)`$/gm)].map(([, heading]) => heading);
    expect(headings.filter((heading) => !expected.includes(heading!))).toEqual([]);
  });
});

/** What the page says of an option in its table, by the option's heading. */
const examples = [...read('docs/options.md').matchAll(/^### `(.*?)`\n(.*?)(?=^##)/gms)].flatMap(
  ([, heading, section]) => {
    const [, example] = /^\| example \| `(.*?)`/m.exec(section!) ?? [];
    return example === undefined ? [] : [[heading!, example] as const];
  },
);

test('most options have an example', () => expect(examples.length).toBeGreaterThan(25));

test.each(examples)('the example of %s is accepted: %s', (heading, example) => {
  const isTarget = heading.startsWith('targets[].');
  const code = example.startsWith('{') ? example : `{ ${example} }`;
  const given = new Function(`return (${code});`)() as object;
  const host = /minimize|info/.test(heading) ? 'webpack' : 'vite';
  const options = isTarget ? { targets: [{ from: 'any', ...given }] } : given;
  expect(() => resolveOptions(options, host)).not.toThrow();
});

/** The source of a package, without its tests. */
function sourcesIn(directory: string): string[] {
  return readdirSync(join(repository, directory), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => read(join(directory, name)));
}

/** Codes that the source gives to errors of its own. */
function codesIn(directory: string): string[] {
  const lines = sourcesIn(directory)
    .flatMap((text) => text.split('\n'))
    .filter((line) => /\bcode(:| \?\?)/.test(line));
  return lines.flatMap((line) =>
    [...line.matchAll(/'(E[A-Z]{2,}|[A-Z]+_[A-Z_]+)'/g)].map(([, code]) => code!),
  );
}

describe('the page of troubleshooting', () => {
  const codes = [...new Set([...codesIn('packages/core/src'), ...codesIn('packages/unplugin/src')])].sort();
  const anchors = anchorsOf('docs/troubleshooting.md');

  test('there are codes', () => {
    for (const code of ['ERR_NO_MATCH', 'ABORT_ERR', 'ENOSPC', 'ERR_COPY', 'ERR_USAGE']) {
      expect(codes).toContain(code);
    }
  });

  test.each(codes)('has a section for %s', (code) => {
    expect(anchors).toContain(slugOf(code));
  });

  const [, tables] = /\n## Errors of the configuration\n(.*?)\n## It copies/s.exec(
    read('docs/troubleshooting.md'),
  )!;
  const cells = [...tables!.matchAll(/^\| (`.*?`) \|/gm)].flatMap(([, cell]) => cell!.match(/`[^`]+`/g)!);
  // A message may be written in several parts.
  const source = [...sourcesIn('packages/core/src'), ...sourcesIn('packages/unplugin/src')]
    .join('\n')
    .replaceAll(/[`'"] \+\s+[`'"]/g, '');

  test('there are messages', () => expect(cells.length).toBeGreaterThan(15));

  test.each(cells)('quotes a message as the source has it: %s', (cell) => {
    const parts = cell.slice(1, -1).split('…');
    expect(parts.filter((part) => !source.includes(part))).toEqual([]);
  });
});

/** What a page links to, without code. */
function linksOf(file: string): string[] {
  const text = read(file).replaceAll(/```.*?```|`[^`\n]*`/gs, '');
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!);
}

test.each(['packages/core/README.md', 'packages/unplugin/README.md'])(
  '%s has only links that work on npm',
  (readme) => {
    const anchors = anchorsOf(readme);
    const relative = linksOf(readme).filter((link) => !/^https:\/\//.test(link));
    expect(relative.filter((link) => !link.startsWith('#') || !anchors.includes(link.slice(1)))).toEqual([]);
  },
);

test.each(['README.md', 'CONTRIBUTING.md', 'AGENTS.md'])(
  '%s links to files and headings that exist',
  (file) => {
    const broken = linksOf(file).filter((link) => {
      if (/^https?:/.test(link)) return false;
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? file : path;
      if (!existsSync(resolve(repository, dirname(file), target))) return true;
      return anchor !== undefined && target.endsWith('.md') && !anchorsOf(target).includes(anchor);
    });
    expect(broken).toEqual([]);
  },
);

describe('the page of the command', () => {
  const flagsOf = (file: string) => [...new Set(read(file).match(/--[a-z]+(-[a-z]+)*/g))].sort();
  const page = flagsOf('docs/command-line.md');

  test('has every flag of the commands', () => {
    const source = read('packages/core/src/cli/commands.ts');
    const given = source.matchAll(/(?:[oO]ption\(\s*|^ {2})'[^']*?(--[a-z]+(?:-[a-z]+)*)/gm);
    const flags = [...given].map(([, flag]) => flag!);
    expect(flags.length).toBeGreaterThan(30);
    expect(flags.filter((flag) => !page.includes(flag))).toEqual([]);
  });

  test('has every flag that the README of the engine has', () => {
    const readme = flagsOf('packages/core/README.md').filter((flag) => flag !== '--no-addons');
    expect(readme.length).toBeGreaterThan(5);
    expect(readme.filter((flag) => !page.includes(flag))).toEqual([]);
  });
});

test('every time in the README is one that the benchmark printed', () => {
  const printed =
    read('docs/benchmarks.md') + read('docs/engine/benchmarks.md') + read('docs/imported/benchmarks.md');
  const times = read('README.md').match(/\b[\d.,]+ ms\b/g) ?? [];
  expect(times.length).toBeGreaterThan(8);
  expect(times.filter((time) => !printed.includes(` ${time} `))).toEqual([]);
});

const written = readdirSync(join(repository, 'docs'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.md') && !/^(api|engine|node_modules)\b|^benchmarks\.md$/.test(name))
  .map((name) => `docs/${name}`);

test.each([...written, 'README.md', 'packages/core/README.md', 'packages/unplugin/README.md'])(
  '%s is written in plain words',
  (file) => {
    const prose = read(file).replaceAll(/```.*?```|`[^`\n]*`/gs, '');
    expect(prose.match(/\b(simply|just|blazing(ly)?|obviously|easily)\b/gi) ?? []).toEqual([]);
  },
);

const config = read('docs/.vitepress/config.ts');

test.each(
  Object.keys(JSON.parse(read('packages/unplugin/package.json')).exports).filter((entry) =>
    /^\.\/\w+$/.test(entry),
  ),
)('the entry %s has a page, and the page names it', (entry) => {
  const name = entry.slice('./'.length);
  const pages = ['bundlers', 'frameworks'].map((directory) => `docs/${directory}/${name}.md`);
  const page = pages.find((each) => existsSync(join(repository, each)));
  expect(read(page!)).toContain(`unplugin-reflink/${name}`);
  for (const page of ['docs/get-started.md', 'README.md'])
    expect(read(page)).toContain(`\`unplugin-reflink/${name}\``);
});

test.each(written.filter((page) => page !== 'docs/index.md'))('%s is in the navigation', (page) => {
  const link = page.slice('docs'.length).replace(/(index)?\.md$/, '');
  expect(config).toContain(`'${link}'`);
});
