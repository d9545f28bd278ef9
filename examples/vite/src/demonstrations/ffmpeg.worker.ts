import type { FilmRequest } from './ffmpeg.ts';

interface Core {
  exec(...args: string[]): number;
  setLogger(logger: (line: { message: string }) => void): void;
  FS: { readFile(path: string): Uint8Array<ArrayBuffer> };
}

// The core is made for workers, and blocks its thread while it encodes.
self.onmessage = async ({ data }: MessageEvent<FilmRequest>) => {
  const log: string[] = [];
  try {
    const { default: createCore } = await import(/* @vite-ignore */ data.core);
    const core: Core = await createCore();
    core.setLogger(({ message }) => log.push(message));
    const code = core.exec(...data.args, 'film');
    self.postMessage(code === 0 ? { film: core.FS.readFile('film'), log } : { log });
  } catch (error) {
    self.postMessage({ log: [...log, String(error)] });
  }
};
