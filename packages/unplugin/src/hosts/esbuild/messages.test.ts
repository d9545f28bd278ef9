import type { PluginBuild } from 'esbuild';
import { expect, test, vi } from 'vitest';
import { EsbuildMessages } from './messages.ts';

const formatMessages = async (messages: { text: string }[]) => messages.map(({ text }) => `[${text}]\n`);
const buildWith = (logLevel: string | undefined) =>
  ({ initialOptions: { logLevel }, esbuild: { formatMessages } }) as unknown as PluginBuild;

test.each([
  [undefined, '', '[wrong]\n'],
  ['silent', '', ''],
  ['error', '', '[wrong]\n'],
  ['warning', '', '[wrong]\n'],
  ['info', 'unplugin-reflink: copied\n', '[wrong]\n'],
  ['verbose', 'unplugin-reflink: copied\n', '[wrong]\n'],
])('at the log level %j is printed %j, and outside of a build %j', async (level, info, errors) => {
  const said: string[] = [];
  const spy = vi
    .spyOn(process.stderr, 'write')
    .mockImplementation((text) => Boolean(said.push(String(text))));
  try {
    const messages = new EsbuildMessages(buildWith(level));
    messages.info('copied');
    messages.error('wrong');
    await messages.print();
    expect(said.join('')).toBe(info + errors);
  } finally {
    spy.mockRestore();
  }
});

test('warnings and errors are in the result of a build, with what was thrown', async () => {
  const messages = new EsbuildMessages(buildWith(undefined));
  messages.warn('careful');
  expect(messages.hasErrors).toBe(false);
  const thrown = new Error('on purpose');
  messages.fail(thrown);
  messages.fail('text');
  expect(messages.hasErrors).toBe(true);
  expect(messages.warnings).toEqual(['careful']);
  const { errors } = await messages.deliver();
  expect(errors!.map(({ text, detail }) => [text, detail])).toEqual([
    ['on purpose', thrown],
    ['text', 'text'],
  ]);
});
