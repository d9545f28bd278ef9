// Gives both packages the fields that name the project's places. They are filled in once, in the package.json of the
// repository: "repository" (git+https://…), "homepage" and "bugs" (addresses). Run by `pnpm release`.
import { readFileSync, writeFileSync } from 'node:fs';

/**
 * @param {URL} root the repository, with a slash at its end
 * @throws {Error} where a field is not filled in
 */
export function fillFields(root) {
  const { repository, homepage, bugs } = read(new URL('package.json', root));
  for (const [name, value] of Object.entries({ repository, homepage, bugs }))
    if (!/^(git\+)?https:\/\/./.test(value ?? ''))
      throw new Error(`fill in "${name}" in package.json before a release: an address, and it is ${value}`);
  for (const name of ['core', 'unplugin']) {
    const file = new URL(`packages/${name}/package.json`, root);
    const directory = `packages/${name}`;
    const fields = { repository: { type: 'git', url: repository, directory }, homepage, bugs: { url: bugs } };
    writeFileSync(file, `${JSON.stringify({ ...read(file), ...fields }, null, 2)}\n`);
  }
}

const read = (file) => JSON.parse(readFileSync(file, 'utf8'));

if (process.argv[1] === new URL(import.meta.url).pathname) fillFields(new URL('../', import.meta.url));
