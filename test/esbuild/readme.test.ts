import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeTree } from '../support/trees.ts';

const readme = readFileSync(new URL('../../packages/unplugin/README.md', import.meta.url), 'utf8');

test("the README's build runs as it stands there", () => {
  const [, code] = /<summary>esbuild.*?```js\n(.*?)```/s.exec(readme)!;
  // In this directory, the packages that the code imports are found.
  const cache = join(import.meta.dirname, '../node_modules/.cache');
  mkdirSync(cache, { recursive: true });
  const root = mkdtempSync(join(cache, 'readme-'));
  try {
    writeTree(root, {
      'package.json': '{ "type": "module" }',
      'build.js': code!,
      'src/main.js': 'console.log("bundled")',
      'public/robots.txt': 'public',
      'node_modules/pkg/dist/some.wasm': 'wasm',
    });
    const output = execFileSync(process.execPath, ['build.js'], {
      cwd: root,
      encoding: 'utf8',
      stdio: 'pipe',
    });
    expect(output).toBe('');
    expect(readFileSync(join(root, 'dist/main.js'), 'utf8')).toContain('bundled');
    expect(readFileSync(join(root, 'dist/robots.txt'), 'utf8')).toBe('public');
    expect(existsSync(join(root, 'dist/wasm/some.wasm'))).toBe(true);
  } finally {
    rmSync(root, { recursive: true });
  }
});
