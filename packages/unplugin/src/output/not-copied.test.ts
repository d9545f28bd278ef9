import { expect, test } from 'vitest';
import { notCopied } from './not-copied.ts';

const why = { reason: 'of a reason', remedy: 'Do something.' };

test.each<[what: string, output: Parameters<typeof notCopied>[0], shown: string]>([
  [
    'a public directory',
    { publicTargets: [{ from: '/root/public' }], targets: [] },
    'the public directory "public"',
  ],
  ['the project itself', { publicTargets: [{ from: '/root' }], targets: [] }, 'the public directory "."'],
  ['a target without "to"', { publicTargets: [], targets: [{ from: '/root/a' }] }, 'the target "a"'],
  [
    'a target with "to"',
    { publicTargets: [], targets: [{ from: '/a', to: 'b' }] },
    'the target "../a" (to "b")',
  ],
  [
    'several, without what is negated',
    { publicTargets: [{ from: '/root/p' }], targets: [{ from: ['/root/a', '/root/b', '!/root/c'] }] },
    'the public directory "p", the target "a" and "b"',
  ],
])('a message names %s', (_what, output, shown) =>
  expect(notCopied(output, '/root', why)).toBe(
    `nothing is copied for ${shown}, because of a reason. Do something.`,
  ),
);
