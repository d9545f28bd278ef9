import { expect, test } from 'vitest';
import { checkConfig, checkContext } from './check.ts';

test.each<[what: string, context: object, message: RegExp | undefined]>([
  ['Vite', { environment: {}, meta: { rollupVersion: '4.0.0' } }, undefined],
  ['Rollup', { meta: { rollupVersion: '4.2.0' } }, /runs in Rollup 4\.2\.0\. Use "unplugin-reflink\/rollup"/],
  [
    'Rolldown',
    { meta: { rollupVersion: '4.2.0', rolldownVersion: '1.0.0' } },
    /runs in Rolldown 1\.0\.0\. Use "unplugin-reflink\/rolldown"/,
  ],
])('the hooks are run by %s', (_what, context, message) => {
  const check = () => checkContext(context as never);
  if (message) expect(check).toThrow(message);
  else expect(check).not.toThrow();
});

test('a Vite without environments is too old', () => {
  expect(() => checkConfig({ environments: {} } as never)).not.toThrow();
  expect(() => checkConfig({} as never)).toThrow(
    /runs in Vite 5 or older\. Update Vite; or use "unplugin-reflink\/rollup"/,
  );
});
