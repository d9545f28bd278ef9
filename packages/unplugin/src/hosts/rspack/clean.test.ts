import { expect, test } from 'vitest';
import { takeOverCleaning } from './clean.ts';

const compilerWith = (clean: unknown) => ({ options: { output: { clean } } }) as never;

test.each<[clean: unknown, kept: string[] | undefined]>([
  [true, []],
  [{ keep: 'assets/' }, ['assets/']],
  [false, undefined],
  [undefined, undefined],
  [{ keep: /assets/ }, undefined],
  [{ keep: () => true }, undefined],
  [{ dry: true }, undefined],
])('output.clean: %o is taken over, leaving alone %j', (clean, kept) => {
  const compiler = compilerWith(clean) as { options: { output: { clean: unknown } } };
  expect(takeOverCleaning(compiler as never)?.kept).toEqual(kept);
  if (!kept) expect(compiler.options.output.clean).toBe(clean);
});

test('emptying is due once after each time that Rspack asks about the output itself', () => {
  const compiler = compilerWith({ keep: 'assets/' }) as {
    options: { output: { clean: { keep(name: string): boolean } } };
  };
  const cleaning = takeOverCleaning(compiler as never)!;
  const { keep } = compiler.options.output.clean;
  expect([keep('assets/a.js'), keep('stale.js'), cleaning.isDue()]).toEqual([true, false, false]);
  expect(keep('/root/dist')).toBe(true);
  expect([cleaning.isDue(), cleaning.isDue()]).toEqual([true, false]);
});
