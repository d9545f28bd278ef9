import { show } from 'example-common/imported/show.js';
import ffmpeg from 'example-common/node_modules/@ffmpeg/core/dist/esm/ffmpeg-core.wasm?url';
import cesium from '../node_modules/cesium/Build/Cesium/ThirdParty/draco_decoder.wasm?url';

show({
  'onnxruntime-web': new URL(
    '../node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm',
    import.meta.url,
  ).href,
  '@ffmpeg/core': ffmpeg,
  cesium,
});
