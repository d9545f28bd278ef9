import ffmpeg from '../node_modules/@ffmpeg/core/dist/esm/ffmpeg-core.wasm';
import cesium from '../node_modules/cesium/Build/Cesium/ThirdParty/draco_decoder.wasm';
import onnxruntime from '../node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm';
import { show } from './show.js';

show({ 'onnxruntime-web': onnxruntime, '@ffmpeg/core': ffmpeg, cesium });
