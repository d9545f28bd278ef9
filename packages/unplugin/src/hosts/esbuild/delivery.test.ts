import type { BuildResult } from 'esbuild';
import { expect, test } from 'vitest';
import { onDelivery } from './delivery.ts';

test('a result that a promise is resolved with was asked for, and all that wait for it are told once', async () => {
  const result = { errors: [], warnings: [] } as unknown as BuildResult;
  const log: string[] = [];
  onDelivery(result, () => void log.push('one'));
  onDelivery(result, () => void log.push('other'));
  expect(Object.keys(result)).toEqual(['errors', 'warnings']);
  expect({ ...result }).toEqual({ errors: [], warnings: [] });
  expect(log).toEqual([]);
  expect(await Promise.resolve(result)).toBe(result);
  await Promise.resolve(result);
  expect(log).toEqual(['one', 'other']);
  expect('then' in result).toBe(false);
});
