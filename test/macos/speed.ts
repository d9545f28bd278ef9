// What a clone of a small file costs, and what a copy: `npx tsx test/macos/speed.ts [directory]`, on macOS in a directory
// on APFS. From which size on a clone costs less is what CLONE_THRESHOLD of the darwin platform should be.
import os from 'node:os';
import { loadLane } from '../../packages/core/src/platform/darwin/darwin.ts';
import { cloneOrCopy } from './clone-or-copy.ts';

console.table(cloneOrCopy(loadLane(), process.argv[2] ?? os.tmpdir()));
console.log('microseconds a file, medians of 7 rounds of 1,000 files');
