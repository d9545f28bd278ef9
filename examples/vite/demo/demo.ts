import { existsSync } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { type CopyReport, type Probe, probe } from 'fs-reflink';
import reflink from 'unplugin-reflink/vite';
import { build, version } from 'vite';
import { preparePublic, root } from '../prepare-public.ts';
import { compare } from './compare.ts';
import { count, heading, megabytes, milliseconds, table } from './print.ts';

const publicDir = path.join(root, 'public');
const outDir = path.join(root, 'dist');
const cache = path.join(root, 'node_modules/.cache');

console.log(`Vite ${version}, Node.js ${process.version}, ${process.platform} ${process.arch}`);
await prepare();
showPlace(await probe(publicDir, outDir));
const scratch = await mkdtemp(path.join(cache, 'demo-'));
try {
  // The output of an earlier run is moved away, and deleted in the end with the other scratch files.
  if (existsSync(outDir)) await rename(outDir, path.join(scratch, 'earlier'));
  await showBuilds();
  await compare(root, scratch);
} finally {
  await rm(scratch, { recursive: true });
}
console.log('\n  The page is in dist; `npx --yes pnpm@12 --filter example-vite run preview` serves it.\n');

async function prepare(): Promise<void> {
  heading(
    'The public directory',
    'The files that cesium, tinymce, onnxruntime-web, @ffmpeg/core and simple-icons load at run time, from node_modules.',
  );
  const { files, bytes, unchanged, durationMs } = await preparePublic();
  const rows = [];
  if (files > 0) rows.push(['copied by copy()', `${count(files)} files, ${megabytes(bytes)}`]);
  if (unchanged > 0) rows.push(['unchanged', `${count(unchanged)} files`]);
  table([...rows, ['time', milliseconds(durationMs)]], 'left');
}

function showPlace(found: Probe): void {
  heading('What this disk can do', 'probe() tries what is possible between public and dist.');
  const { native, source, destination, method, smallFileMethod, direct, problem } = found;
  const ability = ({ supported, code }: { supported: boolean; code?: string }) =>
    supported ? 'yes' : `no (${code})`;
  const alignment = direct.alignment ? `, in multiples of ${direct.alignment} bytes` : '';
  const rows = [
    ['filesystem', [...new Set([source.filesystem, destination.filesystem])].join(' to ')],
    ['koffi', native.loaded ? 'loaded' : `not loaded: ${native.error}`],
    ['reflink', ability(found.reflink)],
    ['copy_file_range', ability(found.kernelCopy)],
    ['direct I/O', ability(direct) + alignment],
    ['holes stay holes', ability(found.sparse)],
    ['so large files go by', method ?? 'unknown'],
    ['and small files by', smallFileMethod ?? 'unknown'],
  ];
  if (problem) rows.push(['could not try', problem]);
  table(rows, 'left');
}

async function showBuilds(): Promise<void> {
  heading(
    'Two builds with the plugin',
    'The reports of the plugin: a build into a new dist, and a rebuild, both in this process. Vite builds the bundle\n' +
      'during the time of the copy.',
  );
  const first = await buildPage();
  const again = await buildPage();
  const both = (name: string, show: (report: CopyReport) => string) => [name, show(first), show(again)];
  const methods = Object.keys({ ...first.methods, ...again.methods }) as (keyof CopyReport['methods'])[];
  table(
    [
      ['', 'first build', 'rebuild'],
      both('files copied', ({ files }) => count(files)),
      both('bytes copied', ({ bytes }) => megabytes(bytes)),
      ...methods.map((name) => both(`  by ${name}`, (report) => count(report.methods[name]?.files ?? 0))),
      both('files unchanged', ({ unchanged }) => count(unchanged)),
      both('files deleted', ({ pruned }) => count(pruned)),
      both('time of the copy', ({ durationMs }) => milliseconds(durationMs)),
    ],
    'right',
  );
}

async function buildPage(): Promise<CopyReport> {
  const reports: CopyReport[] = [];
  const plugins = [reflink({ report: (report) => reports.push(report) })];
  await build({ root, configFile: false, logLevel: 'error', plugins, build: { outDir } });
  return reports[0]!;
}
