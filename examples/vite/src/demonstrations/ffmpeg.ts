import { publicUrl } from '../public.ts';

/** A test source of ffmpeg's own: Conway's game of life, with a trail behind what died. */
const SOURCE =
  'life=size=96x60:rate=12:ratio=0.12:seed=7:mold=6:life_color=#fbbf24:death_color=#0f766e:mold_color=#14323a,' +
  'scale=768:480:flags=neighbor';

export interface FilmRequest {
  core: string;
  args: string[];
}

interface FilmAnswer {
  film?: Uint8Array<ArrayBuffer>;
  log: string[];
}

export async function ffmpeg(stage: HTMLElement): Promise<string> {
  const { film, log } = await encode({
    core: publicUrl('@ffmpeg/core/esm/ffmpeg-core.js'),
    args: ['-f', 'lavfi', '-i', SOURCE, '-t', '4', '-c:v', 'libvpx', '-b:v', '1M', '-f', 'webm'],
  });
  if (!film) throw new Error(`ffmpeg failed: ${log.at(-1)}`);

  const video = document.createElement('video');
  Object.assign(video, { autoplay: true, loop: true, muted: true, playsInline: true });
  video.src = URL.createObjectURL(new Blob([film], { type: 'video/webm' }));
  await new Promise((resolve, reject) => {
    video.onloadeddata = resolve;
    video.onerror = () => reject(video.error);
    stage.append(video);
  });
  const size = `${video.videoWidth} × ${video.videoHeight}`;
  return `Encoded ${Math.round(film.length / 1024)} KiB of WebM, ${size}, in a worker.`;
}

function encode(request: FilmRequest): Promise<FilmAnswer> {
  const worker = new Worker(new URL('./ffmpeg.worker.ts', import.meta.url), { type: 'module' });
  return new Promise<FilmAnswer>((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.postMessage(request);
  }).finally(() => worker.terminate());
}
