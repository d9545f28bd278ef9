import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  type Attribute,
  type CopyEntry,
  CopyError,
  type CopyFileOptions,
  type CopyFileResult,
  type CopyOptions,
  type CopyReport,
  copy,
  copyFile,
  copyFileSync,
  copySync,
  type Method,
  type Progress,
  plan,
  type Target,
} from 'fs-reflink';
import { type PreparedCopies, type PrepareOptions, prepareCopies } from 'fs-reflink/host';
import { afterEach, describe, expect, expectTypeOf, it, vi } from 'vitest';
import { writeTree } from '../support/trees.ts';
import { filesOf, inProcess, leavingNothing, rejection, workspace } from './support.ts';

/** Wrong values of each option, and how a message prints them. */
const wrongFileOptions: Record<keyof CopyFileOptions, [value: unknown, shown: string][]> = {
  reflink: [
    ['maybe', "'maybe'"],
    [true, 'true'],
    [null, 'null'],
  ],
  overwrite: [
    ['yes', "'yes'"],
    [1, '1'],
    [null, 'null'],
  ],
  atomic: [
    ['true', "'true'"],
    [0, '0'],
  ],
  preserve: [
    ['mode', "'mode'"],
    [['mode', 'colour'], "[ 'mode', 'colour' ]"],
    [{ mode: true }, '{ mode: true }'],
  ],
  symlinks: [
    [true, 'true'],
    ['dereference', "'dereference'"],
  ],
  pageCache: [
    [false, 'false'],
    ['none', "'none'"],
  ],
  durability: [
    ['all', "'all'"],
    [2, '2'],
  ],
  signal: [
    [{ aborted: false }, '{ aborted: false }'],
    ['SIGINT', "'SIGINT'"],
  ],
};

const wrongCopyOptions: Record<Exclude<keyof CopyOptions, keyof CopyFileOptions>, [unknown, string][]> = {
  cwd: [
    ['', "''"],
    [7, '7'],
    ['a\0b', "'a\\x00b'"],
  ],
  concurrency: [
    [0, '0'],
    [9, '9'],
    [1.5, '1.5'],
    [Number.NaN, 'NaN'],
    ['2', "'2'"],
    [2n, '2n'],
  ],
  onProgress: [
    [true, 'true'],
    [{}, '{}'],
  ],
  onPlanned: [['later', "'later'"]],
  manifest: [
    [true, 'true'],
    ['', "''"],
  ],
  prune: [
    ['all', "'all'"],
    [1, '1'],
  ],
  keep: [
    ['.git', "'.git'"],
    // biome-ignore lint/suspicious/noSparseArray: an array with a hole is what is tested
    [[, 'a'], "[ <1 empty item>, 'a' ]"],
    [[1], '[ 1 ]'],
  ],
  emptiedAt: [
    ['now', "'now'"],
    [Number.NaN, 'NaN'],
  ],
  leave: [
    ['a', "'a'"],
    [[1], '[ 1 ]'],
  ],
  pruneRoots: [
    ['out', "'out'"],
    [[''], "[ '' ]"],
  ],
  allowedRoots: [
    ['out', "'out'"],
    [[''], "[ '' ]"],
  ],
  allowMissing: [['yes', "'yes'"]],
  cloneDirectories: [['apfs', "'apfs'"]],
  onError: [
    [true, 'true'],
    ['ignore', "'ignore'"],
  ],
  entries: [
    [1, '1'],
    [[], '[]'],
  ],
  overlaps: [['twice', "'twice'"]],
};

const circular: { self?: unknown } = {};
circular.self = circular;

const wrongTargets: Record<keyof Target, [unknown, string][]> = {
  from: [
    ['', "''"],
    [1, '1'],
    [[], '[]'],
    [['a', 1], "[ 'a', 1 ]"],
    // biome-ignore lint/suspicious/noSparseArray: an array with a hole is what is tested
    [['a', , 'b'], "[ 'a', <1 empty item>, 'b' ]"],
    ['file:///a', "'file:///a'; give a URL as new URL('file:///a')"],
    [['a', 'file:///b'], "[ 'a', 'file:///b' ]; give a URL as new URL('file:///b')"],
    [['!a', '!b/*'], "[ '!a', '!b/*' ]"],
    [null, 'null'],
    ['\0', "'\\x00'"],
  ],
  to: [
    [new URL('https://example.org/a'), 'https://example.org/a'],
    ['file:///a', "'file:///a'; give a URL as new URL('file:///a')"],
    ['\0', "'\\x00'"],
    [null, 'null'],
    [Symbol.for('x'), 'Symbol(x)'],
  ],
  allowOutside: [['yes', "'yes'"]],
  ignore: [
    [true, 'true'],
    [['a', 1], "[ 'a', 1 ]"],
    [/x/, '/x/'],
  ],
  rename: [
    [{}, '{}'],
    [false, 'false'],
    ['', "''"],
  ],
  flatten: [
    ['deep', "'deep'"],
    [1, '1'],
  ],
  base: [
    ['', "''"],
    [1, '1'],
  ],
  overwrite: [['newer', "'newer'"]],
  symlinks: [
    [true, 'true'],
    ['dereference', "'dereference'"],
  ],
  preserve: [
    ['mode', "'mode'"],
    [['modes'], "[ 'modes' ]"],
  ],
  transform: [['minify', "'minify'"]],
  directoryFilter: [
    ['node_modules', "'node_modules'"],
    [/node_modules/, '/node_modules/'],
  ],
  filter: [
    ['*.js', "'*.js'"],
    [circular, '<ref *1> { self: [Circular *1] }'],
  ],
};

const rows = (table: Record<string, [unknown, string][]>) =>
  Object.entries(table).flatMap(([name, values]) => values.map(([value, shown]) => ({ name, value, shown })));

async function expectTypeError(act: () => unknown, ...parts: string[]): Promise<void> {
  const error = await rejection(async () => act());
  expect(error).toBeInstanceOf(TypeError);
  const { message } = error as TypeError;
  for (const part of parts) expect(message).toContain(part);
}

describe('a wrong value', () => {
  it.each(rows(wrongFileOptions))('of option $name: $shown', async ({ name, value, shown }) => {
    const options = { [name]: value } as CopyFileOptions;
    const calls = [
      () => copyFile('a', 'b', options),
      () => copyFileSync('a', 'b', options),
      () => copy({ from: 'a' }, options),
      () => plan({ from: 'a' }, options),
    ];
    for (const call of calls) await expectTypeError(call, `option "${name}" must be `, `got ${shown}`);
  });

  it.each(rows(wrongCopyOptions))('of option $name: $shown', async ({ name, value, shown }) => {
    const options = { [name]: value } as CopyOptions;
    const start = (...args: Parameters<typeof copy>) => prepareCopies().start(...args);
    for (const call of [copy, plan, start]) {
      await expectTypeError(() => call({ from: 'a' }, options), `option "${name}" must be `, `got ${shown}`);
    }
  });

  it.each(rows(wrongTargets))('of target option $name: $shown', async ({ name, value, shown }) => {
    const wrong = { from: 'a', [name]: value } as Target;
    for (const targets of [wrong, [{ from: 'a' }, wrong]]) {
      await expectTypeError(() => copy(targets), `target option "${name}" must be `, `got ${shown}`);
    }
  });

  it.each([undefined, '', 1, null, 'a\0b'])('of a path of copyFile: %j', async (value) => {
    const wrong = value as string;
    await expectTypeError(() => copyFile(wrong, 'b'), 'source must be a path, got ');
    await expectTypeError(() => copyFileSync('a', wrong), 'destination must be a path, got ');
  });

  it('undefined is as good as left out', async () => {
    const names = [...Object.keys(wrongFileOptions), ...Object.keys(wrongCopyOptions)];
    const options = Object.fromEntries(names.map((name) => [name, undefined])) as unknown as CopyOptions;
    const target = { ...Object.fromEntries(Object.keys(wrongTargets).map((name) => [name, undefined])) };
    const cwd = writeTree(workspace(), { 'in/a': 'a' });
    const targets = { ...target, from: join(cwd, 'in/a'), to: join(cwd, 'out') } as Target;
    expect(await leavingNothing(cwd, () => copy(targets, options))).toMatchObject({ files: 1 });
    expect(filesOf(cwd)).toEqual(['in/a', 'out/a']);
  });
});

describe('options are read once, when the call begins', () => {
  const files = { 'in/a.txt': 'a', 'in/b.map': 'b', 'out/mine': 'mine' };

  it('so that a later change of an array has no effect', async () => {
    const cwd = writeTree(workspace(), files);
    const [ignore, keep, preserve]: [string[], string[], Attribute[]] = [['*.map'], ['mine'], ['mode']];
    const options: CopyOptions = { cwd, keep, preserve, prune: 'everything' };
    const copying = copy({ from: 'in', to: 'out', ignore }, options);
    ignore[0] = '**';
    keep.pop();
    preserve.push('colour' as Attribute);
    expect(await copying).toMatchObject({ files: 1, pruned: 0 });
    expect(filesOf(join(cwd, 'out'))).toEqual(['a.txt', 'mine']);
  });

  it('also if they are accessors', async () => {
    const cwd = writeTree(workspace(), files);
    let reads = 0;
    const options = {
      cwd,
      get overwrite() {
        return reads++ === 0 ? true : ('never' as never);
      },
    };
    expect(await copy({ from: 'in', to: 'out' }, options)).toMatchObject({ files: 2 });
    expect(reads).toBe(1);
  });
});

describe('options that an object inherits', () => {
  class Texts {
    readonly from = 'in';
    readonly to = 'out';
    readonly #extension = '.txt';
    filter(path: string): boolean {
      return path.endsWith(this.#extension);
    }
    directoryFilter(path: string): boolean {
      return !path.endsWith(this.#extension);
    }
    rename(path: string): string {
      return path.replace(this.#extension, '.text');
    }
    transform(content: Buffer): string {
      return `${content}${this.#extension}`;
    }
  }

  it('are those of its class, and its methods are called as methods', async () => {
    const cwd = writeTree(workspace(), { 'in/a.txt': 'a', 'in/b.map': 'b', 'in/c.txt/d.txt': 'd' });
    expect(await copy(new Texts(), { cwd })).toMatchObject({ files: 1 });
    expect(filesOf(join(cwd, 'out'))).toEqual(['a.text']);
    expect(readFileSync(join(cwd, 'out/a.text'), 'utf8')).toBe('a.txt');
  });

  it('count in copyFile as in copy, and are checked', async () => {
    const cwd = writeTree(workspace(), { a: 'new', b: 'old' });
    const [from, to] = [join(cwd, 'a'), join(cwd, 'b')];
    const options = Object.create({ overwrite: false }) as CopyFileOptions;
    expect(await copyFile(from, to, options)).toMatchObject({ method: 'unchanged' });
    expect(copyFileSync(from, to, options)).toMatchObject({ method: 'unchanged' });
    const wrong = Object.create({ overwrite: 'never' }) as CopyFileOptions;
    await expectTypeError(() => copyFile(from, to, wrong), 'option "overwrite" must be ', "got 'never'");
    await expectTypeError(() => copy({ from, to: cwd }, wrong), 'option "overwrite" must be ');
  });
});

describe('where `URL` and `AbortSignal` were replaced, as jsdom does for tests', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('those of Node.js are accepted', async () => {
    const cwd = writeTree(workspace(), { 'in/a': 'a' });
    const { signal } = new AbortController();
    const [from, to] = [pathToFileURL(join(cwd, 'in')), pathToFileURL(join(cwd, 'out'))];
    vi.stubGlobal('URL', class {});
    vi.stubGlobal('AbortSignal', class {});
    expect(await copy({ from, to }, { signal })).toMatchObject({ files: 1 });
  });
});

it.skipIf(process.platform === 'win32')(
  'a current directory that was deleted is ENOENT, with a remedy',
  () => {
    const cwd = writeTree(workspace(), { 'in/a': 'a', 'gone/x': 'x' });
    const { value } = inProcess(
      `process.chdir(argument.cwd + '/gone');
     fs.rmSync(argument.cwd + '/gone', { recursive: true });
     const targets = { from: argument.cwd + '/in', to: argument.cwd + '/out' };
     const refused = [
       await lib.copy(targets).catch(plain),
       await lib.copy(targets, { cwd: 'relative' }).catch(plain),
       await lib.copyFile(targets.from, 'out').catch(plain),
       await lib.copyFile('in', targets.to).catch(plain),
     ];
     return { refused, copied: await lib.copy(targets, { cwd: argument.cwd }) };`,
      { cwd },
    );
    const [source, destination] = [join(cwd, 'in'), join(cwd, 'out')];
    const error = { name: 'CopyError', code: 'ENOENT', source, destination };
    expect(value).toMatchObject({
      refused: [error, error, { ...error, destination: 'out' }, { ...error, source: 'in' }],
      copied: { files: 1 },
    });
  },
);

describe('file: URLs', () => {
  const files = { 'in/a b%.txt': 'a', 'in/sub/c.txt': 'c' };
  const urlsIn = (cwd: string) => (path: string) => new URL(path, pathToFileURL(`${cwd}/`));

  it('stand for paths of targets and options', async () => {
    const cwd = writeTree(workspace(), files);
    const url = urlsIn(cwd);
    const options = { cwd: url('.'), manifest: url('the%20manifest') };
    const targets = [
      { from: url('in'), to: url('out') },
      { from: [url('in/a%20b%25.txt'), url('in/sub/')], base: url('in'), to: 'listed' },
    ];
    expect(await copy(targets, options)).toMatchObject({ files: 4 });
    expect(filesOf(cwd)).toEqual(
      [
        ...Object.keys(files),
        'listed/a b%.txt',
        'listed/sub/c.txt',
        'out/a b%.txt',
        'out/sub/c.txt',
        'the manifest',
      ].sort(),
    );
    expect(prepareCopies({ targets, cwd: url('.') }).workers).toBe(0);
  });

  it('stand for the paths of copyFile', async () => {
    const cwd = writeTree(workspace(), files);
    const url = urlsIn(cwd);
    await copyFile(url('in/a%20b%25.txt'), url('one'));
    copyFileSync(url('in/a%20b%25.txt'), url('two'));
    expect([readFileSync(join(cwd, 'one'), 'utf8'), readFileSync(join(cwd, 'two'), 'utf8')]).toEqual([
      'a',
      'a',
    ]);
    const error = await rejection(() => copyFile(url('one'), url('new/')));
    expect(error).toMatchObject({ code: 'EISDIR' });
  });

  it('have to name a file of this machine', async () => {
    for (const wrong of [
      new URL('https://example.org/a'),
      new URL('file://other/a'),
      new URL('file:///a%2Fb'),
    ]) {
      await expectTypeError(() => copy({ from: wrong }), 'target option "from" must be a path', wrong.href);
      await expectTypeError(() => copyFile('a', wrong), 'destination must be a path', wrong.href);
    }
  });
});

describe('something unknown', () => {
  it.each([
    [
      'an option',
      () => copy({ from: 'a' }, { overwirte: false } as CopyOptions),
      'option "overwirte"',
      'overwrite',
    ],
    [
      'an option of copyFile',
      () => copyFile('a', 'b', { manifest: 'm' } as object),
      'option "manifest"',
      'atomic',
    ],
    [
      'an option with a name of Object',
      () => copy({ from: 'a' }, { toString: 1 } as object),
      '"toString"',
      'cwd',
    ],
    [
      'a target option',
      () => copy({ src: 'a' } as unknown as Target),
      'target option "src"',
      'use "from"; known are from, to, allowOutside, ignore',
    ],
    [
      'an option of the second of three targets',
      () => copy([{ from: 'a' }, { from: 'b', form: 'c' }, { from: 'd' }] as Target[]),
      'unknown target option "form", which is \'c\'',
      'in target 2 of 3',
    ],
    [
      'an option of the copy in a target',
      () => copy({ from: 'a', concurrency: 2 } as Target),
      'unknown target option "concurrency"',
      'use the option "concurrency", for all targets; known are from',
    ],
    [
      'an option of a target for the whole copy',
      () => copy({ from: 'a' }, { transform: String } as object),
      'unknown option "transform"',
      'use "transform" of a target; known are',
    ],
    [
      'a value in the last of two targets',
      () => copy([{ from: 'a' }, { from: 'b', to: 5 }] as unknown as Target[]),
      'target option "to" must be a path, got 5',
      'in target 2 of 2',
    ],
    [
      'a missing from in the first of two targets',
      () => copy([{ to: 'a' }, { from: 'b' }] as unknown as Target[]),
      'target option "from" is missing',
      'in target 1 of 2',
    ],
    [
      'an option of fs.cp',
      () => copy({ from: 'a' }, { dereference: true } as object),
      'option "dereference"',
      'use "symlinks"; known are reflink',
    ],
    [
      'a target without from',
      () => copy({ to: 'a' } as unknown as Target),
      'target option "from"',
      'missing',
    ],
    ['a target that is a string', () => copy('a' as unknown as Target), 'must be an object', "'a'"],
    ['a target that is null', () => copy([null] as unknown as Target[]), 'must be an object', 'null'],
    ['targets left out', () => copy(undefined as unknown as Target), 'must be an object', 'undefined'],
    [
      'a list of targets with a hole',
      // biome-ignore lint/suspicious/noSparseArray: an array with a hole is what is tested
      () => copy([, { from: 'a' }] as unknown as Target[]),
      'must be an object',
      'got undefined, in target 1 of 2',
    ],
    [
      'paths in place of targets and options',
      () => (copy as (...paths: unknown[]) => unknown)('public', 'dist'),
      "must be an object such as { from: 'public', to: 'dist' }, or an array of them, got 'public'",
    ],
    [
      'targets that are a Set',
      () => copy(new Set([{ from: 'a' }]) as unknown as Target[]),
      "or an array of them, got Set(1) { { from: 'a' } }",
    ],
    [
      'targets of prepareCopies',
      () => prepareCopies({ targets: [undefined] as unknown as Target[], busy: true }),
      'must be an object',
      'undefined',
    ],
    [
      'the source in a target of prepareCopies',
      () => prepareCopies({ targets: [{ from: 5 }] as unknown as Target[], busy: true }),
      'target option "from" must be a path',
      'got 5',
    ],
    [
      'a signal without removeEventListener',
      () => copy({ from: 'a' }, { signal: { aborted: false, addEventListener() {} } as never }),
      'option "signal" must be an AbortSignal',
    ],
    [
      'options of copySync that are null',
      () => copySync({ from: 'a' }, null as unknown as object),
      'option must be an object',
      'null',
    ],
    [
      'options that are a string',
      () => copy({ from: 'a' }, 'fast' as unknown as object),
      'must be an object',
      "'fast'",
    ],
    [
      'options that are null',
      () => copyFile('a', 'b', null as unknown as object),
      'must be an object',
      'null',
    ],
    [
      'targets that are a promise',
      () => copy(Promise.resolve([]) as unknown as Target[]),
      'must be an object',
      'got a promise; await it first',
    ],
    [
      'options that are a promise',
      () => copy({ from: 'a' }, Promise.resolve({}) as object),
      'must be an object',
      'got a promise; await it first',
    ],
    // As from an empty variable: it would exclude everything in `cwd`.
    [
      'a negation of nothing',
      () => copy({ from: ['a', `!${''}`], to: 'b' }),
      'target option "from" must be a path',
      'and not "!" alone',
    ],
    ['options that are a list', () => plan({ from: 'a' }, [] as object), 'must be an object', '[]'],
  ] as [name: string, call: () => unknown, ...parts: string[]][])(
    'is named, with what is known: %s',
    async (_name, call, ...parts) => {
      await expectTypeError(call, ...parts);
    },
  );

  it('rejects, and never throws in place', () => {
    for (const call of [() => copy(1 as never), () => plan(1 as never), () => copyFile(1 as never, 'b')]) {
      expect(() => call().catch(() => {})).not.toThrow();
    }
  });
});

describe('what rename returns', () => {
  it.each<[value: unknown, shown: string]>([
    [undefined, 'undefined'],
    ['', "''"],
    [3, '3'],
    ['a\0b', "'a\\x00b'"],
    [3n, '3n'],
    [Symbol('a'), 'Symbol(a)'],
    [() => 'a', 'a function'],
  ])('must be a path: %o', async (value, shown) => {
    const cwd = writeTree(workspace(), { 'in/a': 'a' });
    const rename = () => value as string;
    const act = () => copy({ from: 'in', to: 'out', rename }, { cwd });
    await leavingNothing(cwd, () => expectTypeError(act, `rename must return a path, got ${shown} for "a"`));
  });

  it.each<[where: string, cut: [number, number?], whole: [number, number?]]>([
    ['end', [0, 2], [0, 2]],
    ['start', [2], [1]],
  ])(
    'must have whole characters: two names whose %s is in the middle of an emoji would be one',
    async (_where, cut, whole) => {
      // Their first halves differ, and so do their second halves.
      const cwd = writeTree(workspace(), { 'in/a\u{1f480}': 'a', 'in/a\u{2f481}': 'b' });
      const rename = (name: string) => name.slice(...cut);
      const error = await rejection(() => copy({ from: 'in', to: 'out', rename }, { cwd }));
      expect(error).toMatchObject({ code: 'EINVAL', source: join(cwd, 'in/a\u{1f480}') });
      expect(String(error)).toContain('half a character');
      expect(existsSync(join(cwd, 'out'))).toBe(false);
      const inCharacters = (name: string) => [...name].slice(...whole).join('');
      await copy({ from: 'in', to: 'out', rename: inCharacters }, { cwd });
      expect(readdirSync(join(cwd, 'out')).sort()).toEqual(['a\u{1f480}', 'a\u{2f481}'].map(inCharacters));
    },
  );
});

it('directoryFilter is not asynchronous', async () => {
  const cwd = writeTree(workspace(), { 'in/a/b': 'b' });
  const directoryFilter = (async () => false) as never;
  const act = () => copy({ from: 'in', to: 'out', directoryFilter }, { cwd });
  await leavingNothing(cwd, () =>
    expectTypeError(act, 'directoryFilter must return true or false', 'promise', '"a"'),
  );
});

describe.each([
  ['copy', copy],
  ['copySync', copySync],
] as const)('a callback of %s that is asynchronous', (name, run) => {
  const callbacks = name === 'copy' ? ['onProgress', 'onPlanned'] : ['onProgress'];
  it.each(callbacks)('%s ends the copy: nothing would wait for it, or handle its error', async (callback) => {
    const cwd = writeTree(workspace(), { 'in/a': 'a' });
    const options = { cwd, [callback]: () => Promise.reject(new Error('mine')) };
    const act = async () => run({ from: 'in', to: 'out' }, options);
    await expectTypeError(act, `option "${callback}" returned a promise; it must not be asynchronous`);
  });
});

it('a transform that throws what has no text fails with ERR_TRANSFORM', async () => {
  const cwd = writeTree(workspace(), { 'in/a': 'a' });
  const transform = () => {
    throw Object.create(null);
  };
  const error = await rejection(() => copy({ from: 'in', to: 'out', transform }, { cwd }));
  expect(error).toMatchObject({ code: 'ERR_TRANSFORM', source: join(cwd, 'in/a') });
});

describe('types', () => {
  it('of the functions', () => {
    type Copy = (targets: Target | readonly Target[], options?: CopyOptions) => Promise<CopyReport>;
    type File = (
      source: string | URL,
      destination: string | URL,
      options?: CopyFileOptions,
    ) => CopyFileResult;
    expectTypeOf(copy).toEqualTypeOf<Copy>();
    expectTypeOf(plan).toEqualTypeOf<Copy>();
    expectTypeOf(copyFile).parameters.toEqualTypeOf<Parameters<File>>();
    expectTypeOf(copyFile).returns.resolves.toEqualTypeOf<CopyFileResult>();
    expectTypeOf(copyFileSync).toEqualTypeOf<File>();
    expectTypeOf(prepareCopies).toEqualTypeOf<(options?: PrepareOptions) => PreparedCopies>();
    expectTypeOf<PreparedCopies['start']>().toEqualTypeOf<Copy>();
  });

  it('of options and results', () => {
    expectTypeOf<CopyOptions>().toExtend<CopyFileOptions>();
    expectTypeOf<CopyOptions['prune']>().toEqualTypeOf<boolean | 'placed' | 'everything' | undefined>();
    expectTypeOf<CopyOptions['overwrite']>().toEqualTypeOf<
      boolean | 'error' | 'changed' | 'older' | undefined
    >();
    expectTypeOf<CopyFileOptions['preserve']>().toEqualTypeOf<readonly Attribute[] | undefined>();
    expectTypeOf<{ from: string }>().toExtend<Target>();
    expectTypeOf<{ to: string }>().not.toExtend<Target>();
    expectTypeOf<{ from: readonly string[] }>().toExtend<Target>();
    expectTypeOf<{ from: URL; to: URL; base: URL }>().toExtend<Target>();
    expectTypeOf<{ from: number[] }>().not.toExtend<Target>();
    expectTypeOf<CopyReport['entries']>().toEqualTypeOf<CopyEntry[] | undefined>();
    expectTypeOf<Progress['method']>().toEqualTypeOf<Method | undefined>();
    expectTypeOf<CopyFileResult['method']>().toEqualTypeOf<Method | 'symlink' | 'unchanged'>();
    expectTypeOf<CopyError>().toExtend<Error>();
    expectTypeOf<CopyError['code']>().toEqualTypeOf<string>();
    // @ts-expect-error an unknown option is a type error too
    const options: CopyOptions = { overwirte: true };
    expect(Object.keys(options)).toEqual(['overwirte']);
  });

  it('CopyError is an error with a plain form that makes it again', () => {
    const error = new CopyError({ code: 'EIO', reason: 'why', source: 'a', destination: 'b', cause: 1 });
    expect(error).toBeInstanceOf(Error);
    expect(`${error}`).toBe('CopyError: Cannot copy "a" to "b": EIO: why');
    expect(new CopyError(structuredClone(error.details))).toEqual(error);
  });
});
