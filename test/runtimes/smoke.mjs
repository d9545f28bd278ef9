// node smoke.mjs <the built package's index.js> <a directory on btrfs> <a directory on ext4>
// Prints one line of JSON per check. FS_REFLINK_NATIVE=off in the environment means the checks without koffi.
import { pathToFileURL } from 'node:url';

const { checks } =
  process.env.FS_REFLINK_NATIVE === 'off'
    ? { checks: (await import('./portable-checks.mjs')).portableChecks }
    : await import('./checks.mjs');
const [index, btrfs, ext4] = process.argv.slice(2);
await runAll({
  ...(await import(pathToFileURL(index))),
  ...(await import(new URL('host.js', pathToFileURL(index)))),
});

async function runAll(engine) {
  for (const [check, run] of Object.entries(checks)) {
    let result;
    try {
      result = { check, ok: true, ...(await run({ engine, btrfs, ext4 })) };
    } catch (error) {
      result = { check, ok: false, error: error.stack ?? String(error) };
    }
    console.log(JSON.stringify(result));
  }
}
