import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Measurement, Results } from '../results.ts';
import { bars } from './bars.ts';
import { type Picture, toSvg } from './chart.ts';
import { lines } from './lines.ts';
import { type Chart, toMarkdown } from './markdown.ts';
import { withFigures } from './readme.ts';

const DOCS = fileURLToPath(new URL('../../docs/', import.meta.url));

/** Writes the page of the documentation, and the figures of the readme beside it. Returns the files. */
export function writeDocs(results: Results, docs: string = DOCS): string[] {
  const { files } = writePage(results, docs);
  const readme = join(docs, '../README.md');
  // The chapter of the engine has a page of its own.
  const engine = join(docs, 'engine/benchmarks.json');
  const others = existsSync(engine) ? (JSON.parse(readFileSync(engine, 'utf8')) as Results) : undefined;
  writeFileSync(readme, withFigures(readFileSync(readme, 'utf8'), results, others));
  return [readme, ...files];
}

/** Writes a page with its pictures and its data into a directory. */
export function writePage(results: Results, docs: string): { files: string[]; charts: Chart[] } {
  const pictures = join(docs, 'charts');
  rmSync(pictures, { recursive: true, force: true });
  mkdirSync(pictures, { recursive: true });
  const caption = captionOf(results);
  const charts = groups(results.measurements).map(({ name, measurements }): Chart => {
    const draw: (measurements: Measurement[], caption: string) => Picture = measurements[0]!.scale
      ? lines
      : bars;
    const file = `charts/${name.replaceAll(' ', '-')}.svg`;
    writeFileSync(join(docs, file), toSvg(draw(measurements, caption)));
    return { file, alt: altOf(measurements[0]!), measurements };
  });
  writeFileSync(join(docs, 'benchmarks.md'), toMarkdown(results, charts));
  writeFileSync(join(docs, 'benchmarks.json'), `${JSON.stringify(results, undefined, 1)}\n`);
  const files = ['benchmarks.md', 'benchmarks.json', ...charts.map(({ file }) => file)];
  return { files: files.map((file) => join(docs, file)), charts };
}

/** A chart shows one work on every filesystem. */
function groups(measurements: Measurement[]): { name: string; measurements: Measurement[] }[] {
  const shown = measurements.filter(({ chapter }) => chapter !== 'promises');
  const names = [...new Set(shown.map(nameOf))];
  return names.map((name) => ({
    name,
    measurements: shown.filter((each) => nameOf(each) === name),
  }));
}

function nameOf({ chapter, work }: Measurement): string {
  return work.startsWith(chapter) ? work : `${chapter} ${work}`;
}

function altOf({ title, scale }: Measurement): string {
  if (!scale) return title;
  return scale.of === 'files' ? 'Growth with the number of files' : 'Growth with the number of bytes';
}

function captionOf({ machine }: Results): string {
  const { date = '', kernel = '', node = '', machine: hardware = '', packages = '' } = machine;
  return `${hardware} · ${kernel} · Node.js ${node} · ${packages} · ${date.slice(0, 10)}`;
}
