import { describe, expect, it } from 'vitest';
import { chooseFiles, type Files, nameAs } from './files.ts';

describe('files that are chosen from a folder', () => {
  const folder: Files = { names: ['a', 'b', 'c'], renamed: { 0: 'new' }, links: [0] };

  it('keep their new names and stay links, at their new positions', () => {
    expect(chooseFiles(folder, [1, 0])).toEqual({ names: ['b', 'a'], renamed: { 1: 'new' }, links: [1] });
  });

  it('get nothing of the files that are left out, also in a copy of the folder', () => {
    const rest = { ...folder, ...chooseFiles(folder, [1, 2]) };
    expect(rest.names.map((_name, file) => nameAs(rest, file))).toEqual(['b', 'c']);
    expect(rest.links).toBeUndefined();
  });
});
