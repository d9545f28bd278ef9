import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  lstatSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type Attribute, type CopyOptions, copy, copyFile, copyFileSync, copySync, plan } from 'fs-reflink';
import { beforeEach, describe, expect, it } from 'vitest';
import { command } from '../cli/support.ts';
import { pastTick } from '../support/clock.ts';
import { cannotGiveUpRights } from '../support/other-user.ts';
import { notLinux, notRoot, orSkipped } from '../support/skip.ts';
import { fifo, symlink, writeTree } from '../support/trees.ts';
import { bootWorkers } from '../support/workers.ts';
import { asNobody, inProcess, refusal, workspace } from './support.ts';

const PRESERVE: Attribute[] = ['mode', 'timestamps', 'ownership', 'special', 'devices'];
const ARCHIVE = { preserve: PRESERVE, symlinks: 'keep' } as const;
const MODIFIED = 1_234_567_890.5;

let cwd: string;
const at = (...names: string[]) => join(cwd, ...names);

/** The type, mode, owner, time and device number of every entry below a directory. */
function describeTree(root: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(root, { recursive: true, encoding: 'utf8' })
      .sort()
      .map((path) => {
        const { mode, uid, gid, mtimeMs, rdev, isDirectory } = Object.assign(lstatSync(join(root, path)));
        const modified = isDirectory.call(lstatSync(join(root, path))) ? '' : mtimeMs;
        return [path, `${mode.toString(8)} ${uid}:${gid} ${modified} ${rdev}`];
      }),
  );
}

async function makeSocket(path: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(path, resolve));
  // Closing the server deletes the socket's name, but not a second hard link to it.
  linkSync(path, `${path}.kept`);
  await new Promise((resolve) => server.close(resolve));
}

beforeEach(async () => {
  cwd = workspace();
  writeTree(at('in'), { 'deep/pipe': fifo({ mode: 0o620 }), file: 'file', 'deep/other': 'other' });
  await makeSocket(at('in/socket'));
  for (const path of ['deep/pipe', 'socket.kept'])
    execFileSync('touch', ['-d', `@${MODIFIED}`, at('in', path)]);
});

describe.skipIf(notLinux)(orSkipped("preserve: 'devices'", notLinux), () => {
  describe.skipIf(notRoot)(orSkipped('as root', notRoot), () => {
    beforeEach(() => {
      execFileSync('mknod', ['-m', '660', at('in/null'), 'c', '1', '3']);
      execFileSync('mknod', ['-m', '600', at('in/deep/block'), 'b', '259', '70000']);
      execFileSync('chown', ['12:34', at('in/null'), at('in/deep/pipe')]);
      execFileSync('touch', ['-d', `@${MODIFIED}`, at('in/null'), at('in/deep/block')]);
      execFileSync('cp', ['-a', at('in'), at('expected')]);
    });

    it.each<[string, () => Promise<{ methods: object; files: number }>]>([
      ['copy', () => copy({ from: 'in', to: 'out' }, { cwd, ...ARCHIVE })],
      ['copySync', async () => copySync({ from: 'in', to: 'out' }, { cwd, ...ARCHIVE })],
      ['copy of a glob', () => copy({ from: 'in/**', to: 'out' }, { cwd, ...ARCHIVE })],
      ['copy that follows links', () => copy({ from: 'in', to: 'out' }, { cwd, preserve: PRESERVE })],
      ['copy that deletes', () => copy({ from: 'in', to: 'out' }, { cwd, ...ARCHIVE, prune: 'everything' })],
      ['copy with a manifest', () => copy({ from: 'in', to: 'out' }, { cwd, ...ARCHIVE, manifest: 'm' })],
    ])('makes what cp -a makes: %s', async (_how, run) => {
      const { methods, files } = await run();
      expect(describeTree(at('out'))).toEqual(describeTree(at('expected')));
      expect(methods).toMatchObject({ mknod: { files: 4, bytes: 0 } });
      expect(files).toBe(6);
    });

    it('makes them in worker threads', async () => {
      const held = await bootWorkers(2);
      try {
        const { methods } = await copy({ from: 'in', to: 'out' }, { cwd, ...ARCHIVE });
        expect(methods).toMatchObject({ mknod: { files: 4, bytes: 0 } });
      } finally {
        await held.dispose();
      }
      expect(describeTree(at('out'))).toEqual(describeTree(at('expected')));
    });

    it.each<[string, CopyOptions]>([
      ['', {}],
      [' with a manifest', { manifest: 'manifest' }],
      [" by overwrite: 'changed'", { overwrite: 'changed' }],
      [' when it deletes', { overwrite: 'changed', prune: 'everything' }],
    ])('leaves those alone that are as they should be%s', async (_how, options) => {
      await pastTick();
      await copy({ from: 'in', to: 'out' }, { cwd, ...ARCHIVE, ...options });
      const before = statSync(at('out/null'), { bigint: true });
      const again = await copy({ from: 'in', to: 'out' }, { cwd, ...ARCHIVE, ...options });
      expect(again.methods).not.toHaveProperty('mknod');
      expect(again.pruned).toBe(0);
      const after = statSync(at('out/null'), { bigint: true });
      expect([after.ino, after.ctimeNs]).toEqual([before.ino, before.ctimeNs]);
    });

    it('gives those that are there the attributes of the source', async () => {
      await copy({ from: 'in', to: 'out' }, { cwd, ...ARCHIVE });
      const { ino } = statSync(at('out/null'));
      execFileSync('chmod', ['600', at('in/null'), at('in/deep/pipe')]);
      execFileSync('chown', ['5:6', at('in/null')]);
      execFileSync('cp', ['-a', `${at('in')}/.`, at('expected')]);
      await copy({ from: 'in', to: 'out' }, { cwd, ...ARCHIVE });
      expect(describeTree(at('out'))).toEqual(describeTree(at('expected')));
      expect(statSync(at('out/null')).ino).toBe(ino);
    });

    it('keeps names of one device names of one device', async () => {
      linkSync(at('in/null'), at('in/again'));
      const { methods } = await copy(
        { from: 'in', to: 'out' },
        { cwd, ...ARCHIVE, preserve: [...PRESERVE, 'links'] },
      );
      expect(methods).toMatchObject({ mknod: { files: 4 }, hard_link: { files: 1 } });
      expect(statSync(at('out/null')).ino).toBe(statSync(at('out/again')).ino);
    });

    it.each(['c 1 5', 'p', 'file'])('meets another file in its place, %s', async (kind) => {
      writeTree(at('out'), {});
      if (kind === 'file') writeFileSync(at('out/null'), 'text');
      else execFileSync('mknod', [at('out/null'), ...kind.split(' ')]);
      const copied = () => copy({ from: 'in/null', to: 'out' }, { cwd, ...ARCHIVE });
      if (kind === 'file') {
        expect((await copied()).methods).toEqual({ mknod: { files: 1, bytes: 0 } });
        expect(statSync(at('out/null')).rdev).toBe(statSync('/dev/null').rdev);
        expect(readdirSync(at('out'))).toEqual(['null']);
      } else {
        const before = describeTree(at('out'));
        expect(await refusal(copied)).toMatchObject({ code: 'ERR_NOT_REGULAR' });
        expect(describeTree(at('out'))).toEqual(before);
      }
    });

    it("are a collision where overwrite is 'error', and stay where it is false", async () => {
      await copy({ from: 'in', to: 'out' }, { cwd, ...ARCHIVE });
      execFileSync('chmod', ['600', at('in/null')]);
      const stays = await copy({ from: 'in', to: 'out' }, { cwd, ...ARCHIVE, overwrite: false });
      expect(stays).toMatchObject({ files: 0, unchanged: 6 });
      expect(statSync(at('out/null')).mode & 0o777).toBe(0o660);
      const copied = () => copy({ from: 'in/null', to: 'out' }, { cwd, ...ARCHIVE, overwrite: 'error' });
      expect(await refusal(copied)).toMatchObject({ code: 'EEXIST' });
    });
  });

  it('makes what a link leads to, where links are followed', async () => {
    symlinkSync('deep/pipe', at('in/link'));
    const { methods } = await copy({ from: 'in/link', to: 'out' }, { cwd, preserve: ['mode', 'devices'] });
    expect(methods).toEqual({ mknod: { files: 1, bytes: 0 } });
    expect(lstatSync(at('out/link')).isFIFO()).toBe(true);
  });

  it.each<[string, CopyOptions]>([
    ['by default', {}],
    ['with all other attributes', { preserve: ['mode', 'timestamps', 'links', 'special'] }],
  ])('is not what happens %s', async (_how, options) => {
    rmSync(at('in/socket.kept'));
    const error = await refusal(() => copy({ from: 'in', to: 'out' }, { cwd, ...options }));
    expect(error).toMatchObject({ code: 'ERR_NOT_REGULAR', source: at('in/deep/pipe') });
    expect(error.message).toContain("'devices' in preserve");
  });

  it.each(['follow', 'keep'] as const)(
    'transforms files, and makes the others, with symlinks: %s',
    async (symlinks) => {
      symlinkSync('deep/pipe', at('in/link'));
      const target = { from: 'in', to: 'out', transform: () => 'transformed' };
      const { methods } = await copy(target, { cwd, symlinks, preserve: ['mode', 'devices'] });
      expect(methods).toMatchObject({
        transform: { files: 2, bytes: 22 },
        mknod: { files: symlinks === 'follow' ? 3 : 2 },
      });
      expect(lstatSync(at('out/deep/pipe')).isFIFO()).toBe(true);
      expect(lstatSync(at('out/link')).isFIFO()).toBe(symlinks === 'follow');
      expect(readFileSync(at('out/file'), 'utf8')).toBe('transformed');
    },
  );

  it('does not wait for a FIFO that has taken the place of a file that is to be transformed', async () => {
    const target = {
      from: 'in',
      to: 'out',
      ignore: ['deep/**', 'socket.kept'],
      filter: (path: string) => {
        rmSync(at('in', path));
        execFileSync('mkfifo', [at('in', path)]);
        return true;
      },
      transform: (content: Buffer) => content,
    };
    const error = await refusal(() => copy(target, { cwd }));
    expect(error).toMatchObject({ code: 'ERR_NOT_REGULAR', source: at('in/file') });
  });

  it('makes one by copyFile and copyFileSync, under another name', async () => {
    const preserve: Attribute[] = ['mode', 'devices'];
    const made = { method: 'mknod', bytes: 0 };
    expect(await copyFile(at('in/deep/pipe'), at('one'), { preserve })).toEqual(made);
    expect(copyFileSync(at('in/deep/pipe'), at('two'), { preserve })).toEqual(made);
    for (const name of ['one', 'two']) expect(lstatSync(at(name)).mode & 0o177777).toBe(0o010620);
  });

  it('says in a plan that they would be copied', async () => {
    const report = await plan({ from: 'in', to: 'out' }, { cwd, ...ARCHIVE });
    expect(report).toMatchObject({ files: 4, bytes: 9 });
    expect(readdirSync(cwd)).toEqual(['in']);
  });

  it('loses an attribute that this user may not set, with the warning of every attribute', async () => {
    const { value } = nobody(
      `return await lib.copy({ from: argument.from, to: argument.to }, { preserve: ['mode', 'ownership', 'devices'] });`,
    );
    expect(value).toMatchObject({ methods: { mknod: { files: 2, bytes: 0 } } });
    expect(value!.warnings).toEqual(
      notRoot ? [] : [expect.stringContaining("owner and group ('ownership' in preserve)")],
    );
    expect(lstatSync(at('open/out/deep/pipe')).mode & 0o777).toBe(0o620);
  });

  const noOther = cannotGiveUpRights();
  /** Runs code as another user, who may write to `open`. */
  function nobody(code: string) {
    writeTree(at('open'), {});
    if (!notRoot) execFileSync('chmod', ['777', at('open')]);
    return inProcess(`${asNobody} ${code}`, { from: at('in'), to: at('open/out') }) as {
      value?: Record<string, unknown>;
      error?: Record<string, unknown>;
    };
  }

  it.skipIf(noOther)(orSkipped('leaves out a device that this user may not make', noOther), () => {
    symlinkSync('/dev/null', at('in/deep/null'));
    const { value } = nobody(
      `return await lib.copy({ from: argument.from, to: argument.to }, { preserve: ['mode', 'devices'] });`,
    );
    expect(value).toMatchObject({
      files: 4,
      methods: { mknod: { files: 2, bytes: 0 } },
      leftOut: [at('in/deep/null')],
      warnings: [expect.stringMatching(/"\S+in\/deep\/null" to "\S+out\/deep\/null": EPERM: .*a device/)],
    });
    expect(readdirSync(at('open/out/deep')).sort()).toEqual(['other', 'pipe']);
    const { error } = nobody(
      `return await lib.copyFile(argument.from + '/deep/null', argument.to + '/x', { preserve: ['devices'] });`,
    );
    expect(error).toMatchObject({ code: 'EPERM', syscall: 'mknod', source: at('in/deep/null') });
  });

  it.each(['plan', 'copy'])('%s leaves them all out without the native lane', (name) => {
    const { value } = inProcess(
      `return await lib.${name}({ from: argument.from, to: argument.to }, { preserve: ['mode', 'devices'] });`,
      { from: at('in'), to: at('out') },
      { env: { FS_REFLINK_NATIVE: 'off' } },
    ) as { value?: object };
    expect(value).toMatchObject({ files: 2, leftOut: [at('in/deep/pipe'), at('in/socket.kept')] });
    if (name === 'plan') expect(existsSync(at('out'))).toBe(false);
    else expect(readdirSync(at('out'), { recursive: true }).sort()).toEqual(['deep', 'deep/other', 'file']);
  });

  it('fs-reflink cp -a goes on after one that cannot be made, and exits with 1, as cp -a does', () => {
    symlinkSync('/dev/null', at('in/null'));
    // As root, but without the right to create devices.
    const without = notRoot ? [] : ['setpriv', '--bounding-set=-mknod', '--inh-caps=-mknod'];
    const run = (...args: string[]) => {
      const [first, ...rest] = [...without, ...args];
      return spawnSync(first!, rest, { cwd, encoding: 'utf8' });
    };
    const expected = run('cp', '-aL', 'in/.', 'expected');
    expect([expected.status, expected.stderr]).toEqual([1, expect.stringContaining('null')]);
    const { status, stdout, stderr } = run(process.execPath, command, 'cp', '-aL', 'in', 'out');
    expect(stderr).toMatch(/^fs-reflink: warning: Cannot copy "\S+\/in\/null" to "\S+\/out\/null": EPERM: /);
    expect(stdout).toMatch(/^4 files, 9 B .*2 copied \(\w+\), 2 copied \(mknod\); 1 left out\n$/);
    expect(status).toBe(1);
    expect(readdirSync(at('out'), { recursive: true })).toEqual(
      readdirSync(at('expected'), { recursive: true }),
    );
  });

  it('neither opens a FIFO nor a device to copy it', async () => {
    writeTree(at('links'), { null: symlink('/dev/null'), pipe: symlink('../in/deep/pipe') });
    const log = at('strace');
    const code = `
      import { copySync } from ${JSON.stringify(new URL('../../packages/core/dist/index.js', import.meta.url).href)};
      copySync({ from: 'links', to: 'made' }, { preserve: ['mode', 'timestamps', 'devices'] });`;
    const traced = spawnSync(
      'strace',
      ['-f', '-e', 'trace=open,openat', '-o', log, process.execPath, '--input-type=module', '-e', code],
      { cwd, encoding: 'utf8' },
    );
    if (traced.error) return expect((traced.error as NodeJS.ErrnoException).code).toBe('ENOENT');
    expect(lstatSync(at('made/pipe')).isFIFO()).toBe(true);
    // glibc changes the mode through an O_PATH descriptor, which does not open the device.
    const calls = readFileSync(log, 'utf8').split('\n');
    expect(calls.filter((call) => /"(null|pipe)"/.test(call) && !call.includes('O_PATH'))).toEqual([]);
  });
});
