import { expect, it } from 'vitest';
import { notLinux, orSkipped } from '../../../../test/support/skip.ts';
import { loadBindings } from '../platform/linux/bindings.ts';
import { linuxSystem } from '../platform/linux/linux.ts';
import { portableSystem } from '../platform/portable/portable.ts';
import { plainMethod, singleMethod, strategiesOf } from './single-method.ts';

const query = { reflink: 'auto', bypassCache: false, cannotClone: false, acl: false } as const;

it.skipIf(notLinux)(orSkipped('finds every method of Linux, and keeps to one', notLinux), () => {
  const linux = linuxSystem(loadBindings());
  expect([...strategiesOf(linux).keys()].sort()).toEqual([
    'copy_file_range',
    'direct',
    'ficlone',
    'read_write',
  ]);
  expect(plainMethod(linux)).toBe('read_write');
  const only = singleMethod(linux, 'direct');
  expect(only.ladder({ ...query, size: 5 }).map(({ method }) => method)).toEqual(['direct']);
  expect(only.ladder({ ...query, size: 0 })).toBe(linux.ladder({ ...query, size: 0 }));
});

it('finds the methods of node:fs', () => {
  const portable = portableSystem(undefined);
  expect([...strategiesOf(portable).keys()].sort()).toEqual(['ficlone', 'node_fs']);
  expect(plainMethod(portable)).toBe('node_fs');
  expect(singleMethod(portable, 'direct').ladder({ ...query, size: 5 })).toEqual([]);
});
