// A fresh process that imports: imports.js time|count [ENTRY [FROM TO]]. With FROM and TO it also copies, by what it
// imported. `count` tells how much JavaScript was loaded for it; that takes time, so it is not done when time counts.
import fs from 'node:fs';
import { Session } from 'node:inspector';
import { fileURLToPath } from 'node:url';
import { cpuMs } from './usage.js';

const [what, entry, from, to] = process.argv.slice(2);
const loaded = what === 'count' ? watchScripts() : undefined;
const module = entry ? await import(entry) : undefined;
if (from) await module.copy({ from, to });
const files = [...(loaded ?? [])].map((url) => fileURLToPath(url));
const bytes = files.reduce((sum, file) => sum + fs.statSync(file).size, 0);
process.stdout.write(JSON.stringify({ cpuMs: cpuMs(), files: files.length, bytes }));

/** The addresses of the scripts that V8 parses from now on, Node's own left out. */
function watchScripts() {
  const urls = new Set();
  const session = new Session();
  session.connect();
  session.post('Debugger.enable');
  session.on('Debugger.scriptParsed', ({ params: { url } }) => {
    if (url.startsWith('file:')) urls.add(url);
  });
  return urls;
}
