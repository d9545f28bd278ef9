// Kills itself as soon as a part of the first file is copied.
import { copy } from 'fs-reflink';

const [from, to, options] = process.argv.slice(2);

await copy({ from, to }, { ...JSON.parse(options), onProgress: () => process.kill(process.pid, 'SIGKILL') });
