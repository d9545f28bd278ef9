import { chmodSync, readFileSync, statSync, symlinkSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { writeTree } from '../support/trees.ts';
import { builtLibrary, filesOf, inProcess, workspace } from './support.ts';

const [major] = process.versions.node.split('.').map(Number) as [number];
const permission = major >= 23 ? '--permission' : '--experimental-permission';

/** A process that may read and write files, but not load native code or start threads. */
const restricted = { flags: [permission, '--allow-fs-read=*', '--allow-fs-write=*', '--no-warnings'] };

const tree = {
  ...Object.fromEntries(Array.from({ length: 40 }, (_each, file) => [`in/${file}`, `${file}`])),
  'in/large': 'x'.repeat(3 << 20),
};

describe("under Node.js' permission model, without native code and threads", () => {
  it.each([
    ['copy', "lib.copy({ from: argument.cwd + '/in', to: argument.cwd + '/out' }, { reflink: 'never' })", 41],
    [
      'copyFile',
      "lib.copyFile(argument.cwd + '/in/large', argument.cwd + '/out/large', { reflink: 'never' })",
      1,
    ],
  ])('%s copies everything, modes and times included, on the calling thread', (_name, call, files) => {
    const cwd = writeTree(workspace(), tree);
    const [source, destination] = [join(cwd, 'in/large'), join(cwd, 'out/large')];
    chmodSync(source, 0o640);
    utimesSync(source, 1000, 1000);
    const { value, error } = inProcess(`return ${call}`, { cwd }, restricted);
    expect(error).toBeUndefined();
    expect(value).toMatchObject(files > 1 ? { methods: { node_fs: { files } } } : { method: 'node_fs' });
    expect((value as unknown as { warnings?: string[] }).warnings ?? []).toEqual([]);
    expect(filesOf(join(cwd, 'out'))).toHaveLength(files);
    expect(readFileSync(destination).equals(readFileSync(source))).toBe(true);
    expect(statSync(destination).mode & 0o777).toBe(0o640);
    expect(statSync(destination).mtimeMs).toBe(1000 * 1000);
  });

  it('copies a directory if nothing above it may be read', () => {
    const cwd = writeTree(workspace(), tree);
    const library = fileURLToPath(new URL('../../..', builtLibrary()));
    const flags = [
      permission,
      ...[cwd, library].map((each) => `--allow-fs-read=${each}`),
      `--allow-fs-write=${cwd}`,
      '--no-warnings',
    ];
    const call = "lib.copy({ from: 'in', to: 'out' }, { cwd: argument.cwd, reflink: 'never' })";
    const { value, error } = inProcess(`return ${call}`, { cwd }, { flags });
    expect(error).toBeUndefined();
    expect(value).toMatchObject({ methods: { node_fs: { files: 41 } } });
  });

  it('keeps the times of files if only the directory of the project may be written', () => {
    const cwd = writeTree(workspace(), tree);
    utimesSync(join(cwd, 'in/large'), 1000, 1000);
    const flags = [permission, '--allow-fs-read=*', `--allow-fs-write=${cwd}`, '--no-warnings'];
    const call =
      "lib.copy({ from: 'in', to: 'out' }, { cwd: argument.cwd, reflink: 'never', preserve: ['mode', 'timestamps'] })";
    const { value, error } = inProcess(`return ${call}`, { cwd }, { flags });
    expect(error).toBeUndefined();
    expect(value).toMatchObject({ files: 41, warnings: [] });
    expect(statSync(join(cwd, 'out/large')).mtimeMs).toBe(1000 * 1000);
  });

  it('keeps mode and times of a directory that is copied to a link to a directory', () => {
    const cwd = writeTree(workspace(), { ...tree, 'there/old': 'old' });
    symlinkSync('there', join(cwd, 'out'));
    chmodSync(join(cwd, 'in'), 0o750);
    utimesSync(join(cwd, 'in'), 1000, 1000);
    const call =
      "lib.copy({ from: 'in', to: 'out' }, { cwd: argument.cwd, reflink: 'never', preserve: ['mode', 'timestamps'] })";
    const { value, error } = inProcess(`return ${call}`, { cwd }, restricted);
    expect(error).toBeUndefined();
    expect(value).toMatchObject({ files: 41, warnings: [] });
    const { mode, mtimeMs } = statSync(join(cwd, 'there'));
    expect([mode & 0o777, mtimeMs]).toEqual([0o750, 1000 * 1000]);
  });

  it('a library that may not be read is EACCES', () => {
    const cwd = writeTree(workspace(), tree);
    const library = fileURLToPath(new URL('..', builtLibrary()));
    const flags = [
      permission,
      ...[cwd, `${library}dist`, `${library}package.json`].map((each) => `--allow-fs-read=${each}`),
      `--allow-fs-write=${cwd}`,
      '--no-warnings',
    ];
    const call = "lib.copy({ from: 'in/{1,2}', to: 'out' }, { cwd: argument.cwd, reflink: 'never' })";
    const { error } = inProcess(`return ${call}`, { cwd }, { flags });
    expect(error).toMatchObject({ name: 'CopyError', code: 'EACCES', source: join(cwd, 'in/{1,2}') });
    expect(error!.message).toMatch(/micromatch.*"; allow it with --allow-fs-read/);
  });

  it('a destination that may not be read is EACCES, and the error says what to allow', () => {
    const cwd = writeTree(workspace(), tree);
    const library = fileURLToPath(new URL('../../..', builtLibrary()));
    const reads = [library, `${cwd}/in`].map((each) => `--allow-fs-read=${each}`);
    const flags = [permission, ...reads, `--allow-fs-write=${cwd}/out`, '--no-warnings'];
    for (const [call, unread] of [
      ["lib.copy({ from: 'in', to: 'out' }, { cwd: argument.cwd })", `${cwd}/out`],
      // The nearest directory that exists, as far as the process can see.
      ["lib.probe(argument.cwd + '/in', argument.cwd + '/out')", '/'],
    ] as const) {
      const { error } = inProcess(`return ${call}`, { cwd }, { flags });
      expect(error, call).toMatchObject({ name: 'CopyError', code: 'EACCES', source: join(cwd, 'in') });
      expect(error!.message, call).toContain(`read "${unread}"; allow it with --allow-fs-read`);
    }
  });

  it('a path that may not be written is EACCES', () => {
    const cwd = writeTree(workspace(), tree);
    const flags = [permission, '--allow-fs-read=*', `--allow-fs-write=${cwd}/may`, '--no-warnings'];
    const call = "lib.copyFile(argument.cwd + '/in/1', argument.cwd + '/1', { reflink: 'never' })";
    const { error } = inProcess(`return ${call}`, { cwd }, { flags });
    expect(error).toMatchObject({ name: 'CopyError', code: 'EACCES', source: join(cwd, 'in/1') });
  });
});
