import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { notLinux, orSkipped } from '../../../../../test/support/skip.ts';
import { E2BIG, EDQUOT, EINVAL, EIO, ENODATA, ENOSPC, EOPNOTSUPP, EOVERFLOW, EPERM } from '../errno.ts';
import { loadBindings } from './bindings.ts';
import { copyExtendedAttributes } from './xattr.ts';

const ACCESS = 'system.posix_acl_access';
const DEFAULT = 'system.posix_acl_default';
const NO_ID = 0xffff_ffff;

/**
 * An access control list as the kernel stores it: entries for owner, one more user, group, mask and others (no
 * rights).
 */
function accessList(user: number): Buffer {
  const entries = [
    [1, 7, NO_ID],
    [2, 7, user],
    [4, 5, NO_ID],
    [16, 7, NO_ID],
    [32, 0, NO_ID],
  ];
  const list = Buffer.alloc(4 + 8 * entries.length);
  list.writeUInt32LE(2);
  for (const [position, [tag, permissions, id]] of entries.entries()) {
    list.writeUInt16LE(tag!, 4 + position * 8);
    list.writeUInt16LE(permissions!, 6 + position * 8);
    list.writeUInt32LE(id!, 8 + position * 8);
  }
  return list;
}

describe.skipIf(notLinux)(orSkipped('extended attributes (Linux)', notLinux), () => {
  let root: string;
  let opened: number[];
  const open = (...names: string[]) => {
    const fd = fs.openSync(path.join(root, ...names), 'r');
    opened.push(fd);
    return fd;
  };
  const set = (fd: number, name: string, value: Buffer) =>
    expect(loadBindings().fsetxattr(fd, name, value, value.length, 0)).toBe(0);
  const has = (fd: number, name: string) => loadBindings().fgetxattr(fd, name, Buffer.alloc(0), 0);
  const copy = (source: number, destination: number, wanted = { xattr: true, acl: true }, calls = {}) => {
    const lost: unknown[] = [];
    const note = (...given: unknown[]) => void lost.push(given);
    const bindings = { ...loadBindings(), ...calls };
    return { result: copyExtendedAttributes(bindings, source, destination, wanted, note), lost };
  };

  beforeEach(() => {
    root = fs.mkdtempSync(path.join(os.tmpdir(), 'reflink-xattr-'));
    opened = [];
    for (const name of ['from', 'to']) fs.mkdirSync(path.join(root, name));
    fs.mkdirSync(path.join(root, 'from/directory'));
    fs.writeFileSync(path.join(root, 'from/file'), 'content', { mode: 0o640 });
    // New entries of the directory inherit the list.
    set(open('to'), DEFAULT, accessList(1234));
    fs.mkdirSync(path.join(root, 'to/directory'));
    fs.writeFileSync(path.join(root, 'to/file'), 'content', { mode: 0o640 });
  });
  afterEach(() => {
    for (const fd of opened) fs.closeSync(fd);
    fs.rmSync(root, { recursive: true, force: true });
  });

  test('an access control list of the directory that a file is made in does not stay, as for cp -a', () => {
    const [source, destination] = [open('from/file'), open('to/file')];
    expect(has(destination, ACCESS)).toBeGreaterThan(0);
    expect(copy(source, destination)).toEqual({ result: 0, lost: [] });
    expect(has(destination, ACCESS)).toBe(-ENODATA);
  });

  test('a directory keeps neither such a list nor its default one', () => {
    const [source, destination] = [open('from/directory'), open('to/directory')];
    expect(copy(source, destination)).toEqual({ result: 0, lost: [] });
    expect([ACCESS, DEFAULT].map((name) => has(destination, name))).toEqual([-ENODATA, -ENODATA]);
  });

  test('a list of the source takes the place of the other one', () => {
    const [source, destination] = [open('from/file'), open('to/file')];
    set(source, ACCESS, accessList(77));
    expect(copy(source, destination)).toEqual({ result: 0, lost: [] });
    const value = Buffer.alloc(100);
    const length = loadBindings().fgetxattr(destination, ACCESS, value, value.length);
    expect(value.subarray(0, length)).toEqual(accessList(77));
  });

  test('where lists are not preserved, the other one stays', () => {
    const [source, destination] = [open('from/file'), open('to/file')];
    expect(copy(source, destination, { xattr: true, acl: false })).toEqual({ result: 0, lost: [] });
    expect(has(destination, ACCESS)).toBeGreaterThan(0);
  });

  test('a list that cannot be removed is told', () => {
    const files = [open('from/file'), open('to/file')] as const;
    const failing = (errno: number) => ({ fremovexattr: () => -errno });
    expect(copy(...files, undefined, failing(EPERM))).toEqual({ result: 0, lost: [['acl', EPERM]] });
    expect(copy(...files, undefined, failing(ENODATA))).toEqual({ result: 0, lost: [] });
    expect(copy(...files, undefined, failing(5))).toEqual({ result: -5, lost: [] });
  });

  describe('names that the system does not list', () => {
    const [XATTR, ACL] = [
      { xattr: true, acl: false },
      { xattr: false, acl: true },
    ];
    const files = () => [open('from/file'), open('to/file')] as const;
    const failing = (unlisted: number, errno: number) => {
      const real = loadBindings();
      const flistxattr: typeof real.flistxattr = (fd, ...rest) =>
        fd === unlisted ? -errno : real.flistxattr(fd, ...rest);
      return { flistxattr };
    };

    test.each([
      ['are more than 64 KiB', E2BIG],
      ['may not be seen by this user', EPERM],
    ])('are told if they %s', (_why, errno) => {
      const [source, destination] = files();
      const both = copy(source, destination, undefined, failing(source, errno));
      expect(both).toEqual({
        result: 0,
        lost: [
          ['xattr', errno],
          ['acl', errno],
        ],
      });
      const calls = failing(source, errno);
      expect(copy(source, destination, XATTR, calls)).toEqual({ result: 0, lost: [['xattr', errno]] });
      expect(copy(source, destination, ACL, calls)).toEqual({ result: 0, lost: [['acl', errno]] });
      expect(copy(source, destination, ACL, failing(destination, errno))).toEqual({ result: 0, lost: [] });
    });

    test('do not exist if the filesystem has no attributes, and end the copy after other errors', () => {
      const [source, destination] = files();
      for (const each of [source, destination]) {
        const without = copy(source, destination, undefined, failing(each, EOPNOTSUPP));
        expect(without).toEqual({ result: 0, lost: [] });
        const failed = copy(source, destination, undefined, failing(each, EIO));
        expect(failed).toEqual({ result: -EIO, lost: [] });
      }
    });
  });

  describe('an attribute that the destination refuses', () => {
    const NAME = 'user.large';
    const full = (_fd: number, words: Uint32Array) => {
      words.fill(0);
      return 0;
    };
    const files = () => {
      const [source, destination] = [open('from/file'), open('to/file')];
      set(source, NAME, Buffer.from('value'));
      return [source, destination, { xattr: true, acl: false }] as const;
    };

    test.each([
      ['is larger than it keeps', E2BIG],
      ['does not fit beside the others, though the disk has room', ENOSPC],
      ['names a user who has no number there', EINVAL],
    ])('is told if it %s', (_why, errno) => {
      const refused = copy(...files(), { fsetxattr: () => -errno });
      expect(refused).toEqual({ result: 0, lost: [['xattr', errno]] });
    });

    test('is told if it belongs to a user who has no number here', () => {
      const refused = copy(...files(), { fgetxattr: () => -EOVERFLOW });
      expect(refused).toEqual({ result: 0, lost: [['xattr', EOVERFLOW]] });
    });

    test.each([
      ['the disk is full', ENOSPC, { fstatfs: full }],
      ['it does not say whether the disk is full', ENOSPC, { fstatfs: () => -EIO }],
      ['the quota is used up', EDQUOT, {}],
    ])('ends the copy if %s', (_why, errno, calls) => {
      const refused = copy(...files(), { fsetxattr: () => -errno, ...calls });
      expect(refused).toEqual({ result: -errno, lost: [] });
    });
  });

  test('where the destination has no lists, there is nothing to remove', () => {
    const [source, destination] = [open('from/file'), open('to/file')];
    const flistxattr = (fd: number) => (fd === source ? 0 : -EOPNOTSUPP);
    expect(copy(source, destination, undefined, { flistxattr })).toEqual({ result: 0, lost: [] });
  });
});
