import { cesium } from './demonstrations/cesium.ts';
import { ffmpeg } from './demonstrations/ffmpeg.ts';
import { onnxruntime } from './demonstrations/onnxruntime.ts';
import { simpleIcons } from './demonstrations/simple-icons.ts';
import { tinymce } from './demonstrations/tinymce.ts';
import { showLicenses } from './licenses.ts';

/** Runs a package on the stage of its card and says in a sentence what it did. */
type Demonstration = (stage: HTMLElement) => Promise<string>;

const PATIENCE = 60_000;

const demonstrations: Record<string, Demonstration> = {
  cesium,
  '@ffmpeg/core': ffmpeg,
  tinymce,
  'onnxruntime-web': onnxruntime,
  'simple-icons': simpleIcons,
};

async function show(name: string, run: Demonstration): Promise<boolean> {
  const card = document.querySelector<HTMLElement>(`[data-package="${name}"]`)!;
  const part = (selector: string) => card.querySelector<HTMLElement>(selector)!;
  const finish = (status: 'ok' | 'failed', result: string) => {
    card.dataset.status = status;
    part('.badge').textContent = status;
    part('.result').textContent = result;
  };
  part('.badge').textContent = 'loading';
  try {
    finish('ok', await Promise.race([run(part('.stage')), tooLate()]));
    return true;
  } catch (error) {
    console.error(error);
    finish('failed', String(error));
    return false;
  }
}

/** Some packages wait forever for a file that does not come. */
function tooLate(): Promise<never> {
  return new Promise((_resolve, reject) => {
    setTimeout(() => reject(new Error(`not done after ${PATIENCE / 1000} s`)), PATIENCE);
  });
}

const entries = Object.entries(demonstrations);
await showLicenses(document.querySelector('.licenses')!);
const outcomes = await Promise.all(entries.map(([name, run]) => show(name, run)));
const worked = outcomes.filter(Boolean).length;
document.querySelector('.summary')!.textContent = `${worked} of ${entries.length} packages work`;
document.body.dataset.status = worked === entries.length ? 'ok' : 'failed';
