import type * as Ort from 'onnxruntime-web';
import { importModule, publicUrl } from '../public.ts';

/** An ONNX model with one node, y = Softmax(x), for vectors of any length. */
const MODEL = 'CAhCAhAROjgKDwoBeBIBeSIHU29mdG1heBIBZ1oQCgF4EgsKCQgBEgUKAxIBbmIQCgF5EgsKCQgBEgUKAxIBbg==';

const INPUT = [0.2, 1.1, 2, 2.6, 3.1, 2.9, 2.2, 1.4, 0.5];

export async function onnxruntime(stage: HTMLElement): Promise<string> {
  const ort = await importModule<typeof Ort>('onnxruntime-web/ort.wasm.min.mjs');
  ort.env.wasm.wasmPaths = publicUrl('onnxruntime-web/');
  // More threads need a page that is cross-origin isolated.
  ort.env.wasm.numThreads = 1;

  const session = await ort.InferenceSession.create(Uint8Array.from(atob(MODEL), (c) => c.charCodeAt(0)));
  const { y } = await session.run({ x: new ort.Tensor('float32', INPUT, [INPUT.length]) });
  const output = Array.from(y!.data as Float32Array);
  const sum = output.reduce((total, share) => total + share, 0);
  if (Math.abs(sum - 1) > 1e-4) throw new Error(`shares add up to ${sum}`);

  const highest = Math.max(...output);
  for (const share of output) {
    const bar = document.createElement('i');
    bar.style.height = `${(share / highest) * 100}%`;
    bar.title = share.toFixed(3);
    stage.append(bar);
  }
  return `ONNX Runtime ${ort.env.versions.web} ran a softmax in WebAssembly; the shares add up to 1.`;
}
