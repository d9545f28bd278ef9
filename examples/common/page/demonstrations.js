/** The absolute URL of a copied file, wherever the page is deployed. */
const urlOf = (path) => new URL(path, document.baseURI).href;

/** Loads a classic script, past the bundler. */
function loadScript(path) {
  return new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = urlOf(path);
    script.onload = resolve;
    script.onerror = () => reject(new Error(`${path} does not load`));
    document.head.append(script);
  });
}

/** An ONNX model with one node, y = Softmax(x), for vectors of any length. */
const MODEL = 'CAhCAhAROjgKDwoBeBIBeSIHU29mdG1heBIBZ1oQCgF4EgsKCQgBEgUKAxIBbmIQCgF5EgsKCQgBEgUKAxIBbg==';

const ICONS = ['rollupdotjs', 'rolldown', 'webpack', 'esbuild', 'vite', 'nodedotjs', 'pnpm', 'git', 'linux'];

async function cesium() {
  window.CESIUM_BASE_URL = urlOf('cesium/');
  await loadScript('cesium/Cesium.js');
  const { Cartographic, EllipsoidGeodesic, VERSION } = window.Cesium;
  const way = new EllipsoidGeodesic(
    Cartographic.fromDegrees(2.35, 48.86),
    Cartographic.fromDegrees(139.69, 35.69),
  );
  return `${VERSION} measures ${Math.round(way.surfaceDistance / 1000)} km from Paris to Tokyo`;
}

async function tinymce(stage) {
  await loadScript('tinymce/tinymce.min.js');
  const target = document.createElement('textarea');
  target.value = '<p>The theme, the skin and the plugins are files it asked for itself.</p>';
  stage.append(target);
  const [editor] = await window.tinymce.init({
    target,
    base_url: urlOf('tinymce'),
    suffix: '.min',
    license_key: 'gpl',
    plugins: 'wordcount',
    menubar: false,
    promotion: false,
    height: 200,
  });
  return `${window.tinymce.majorVersion} counts ${editor.plugins.wordcount.body.getWordCount()} words`;
}

async function onnxruntime() {
  const ort = await import(
    /* @vite-ignore */ /* webpackIgnore: true */ urlOf('onnxruntime-web/ort.wasm.min.mjs')
  );
  ort.env.wasm.wasmPaths = urlOf('onnxruntime-web/');
  // More threads need a page that is cross-origin isolated.
  ort.env.wasm.numThreads = 1;
  const model = Uint8Array.from(atob(MODEL), (character) => character.charCodeAt(0));
  const session = await ort.InferenceSession.create(model);
  const { y } = await session.run({ x: new ort.Tensor('float32', [1, 2, 3], [3]) });
  const sum = y.data.reduce((total, share) => total + share, 0);
  if (Math.abs(sum - 1) > 1e-4) throw new Error(`shares add up to ${sum}`);
  return `${ort.env.versions.web} ran a softmax in WebAssembly; the shares add up to 1`;
}

async function ffmpeg() {
  const core = urlOf('@ffmpeg/core/esm/ffmpeg-core.js');
  // The core is made for workers.
  const code = `
    import createCore from ${JSON.stringify(core)};
    const core = await createCore();
    const lines = [];
    core.setLogger(({ message }) => lines.push(message));
    const exit = core.exec('-f', 'lavfi', '-i', 'testsrc=size=64x48:rate=5', '-t', '1', '-c:v', 'libvpx', 'film.webm');
    self.postMessage(exit === 0 ? { size: core.FS.readFile('film.webm').length } : { error: lines.at(-1) });
  `;
  const worker = new Worker(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })), {
    type: 'module',
  });
  const { size, error } = await new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
  }).finally(() => worker.terminate());
  if (error) throw new Error(error);
  return `encoded ${size} bytes of WebM in a worker`;
}

async function simpleIcons(stage) {
  const drawings = ICONS.map(async (icon) => {
    const response = await fetch(urlOf(`simple-icons/${icon}.svg`));
    if (!response.ok) throw new Error(`${icon} answers ${response.status}`);
    return response.text();
  });
  stage.innerHTML = (await Promise.all(drawings)).join('');
  return `drew ${stage.querySelectorAll('svg path').length} icons, each its own file`;
}

/** Runs a package and says what it did. */
export const demonstrations = {
  cesium,
  tinymce,
  'onnxruntime-web': onnxruntime,
  '@ffmpeg/core': ffmpeg,
  'simple-icons': simpleIcons,
};
