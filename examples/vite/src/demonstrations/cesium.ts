import type * as CesiumModule from 'cesium';
import { loadImage, loadScript, publicUrl } from '../public.ts';

declare global {
  interface Window {
    CESIUM_BASE_URL: string;
    Cesium: typeof CesiumModule & { VERSION: string };
  }
}

type Place = [longitude: number, latitude: number];

const FROM: Place = [2.35, 48.86];
const TO: Place = [139.69, 35.69];
const STEPS = 64;

export async function cesium(stage: HTMLElement): Promise<string> {
  window.CESIUM_BASE_URL = publicUrl('cesium/');
  await loadScript('cesium/Cesium.js');
  const { Cartographic, EllipsoidGeodesic, Math: angle, VERSION } = window.Cesium;
  const way = new EllipsoidGeodesic(Cartographic.fromDegrees(...FROM), Cartographic.fromDegrees(...TO));
  const places = Array.from({ length: STEPS + 1 }, (_each, step): Place => {
    const { longitude, latitude } = way.interpolateUsingFraction(step / STEPS);
    return [angle.toDegrees(longitude), angle.toDegrees(latitude)];
  });

  const webgl = document.createElement('canvas').getContext('webgl2') !== null;
  if (webgl) showGlobe(stage, places);
  else await drawMap(stage, places);
  const kilometres = Math.round(way.surfaceDistance / 1000).toLocaleString('en');
  const where = webgl ? 'globe' : 'map, as there is no WebGL here';
  return `Cesium ${VERSION} measures ${kilometres} km from Paris to Tokyo, on a ${where}.`;
}

/** The real thing, on the imagery that lies in the public directory: nothing comes from Cesium ion. */
function showGlobe(stage: HTMLElement, places: Place[]): void {
  const { Cartesian3, Color, ImageryLayer, TileMapServiceImageryProvider, Viewer } = window.Cesium;
  const style = document.createElement('link');
  style.rel = 'stylesheet';
  style.href = publicUrl('cesium/Widgets/widgets.css');
  document.head.append(style);

  const imagery = TileMapServiceImageryProvider.fromUrl(publicUrl('cesium/Assets/Textures/NaturalEarthII'));
  const viewer = new Viewer(stage, {
    baseLayer: ImageryLayer.fromProviderAsync(imagery),
    animation: false,
    baseLayerPicker: false,
    fullscreenButton: false,
    geocoder: false,
    homeButton: false,
    infoBox: false,
    navigationHelpButton: false,
    sceneModePicker: false,
    selectionIndicator: false,
    timeline: false,
    requestRenderMode: true,
  });
  viewer.entities.add({
    polyline: { positions: Cartesian3.fromDegreesArray(places.flat()), width: 3, material: Color.GOLD },
  });
  viewer.camera.setView({ destination: Cartesian3.fromDegrees(70, 40, 2.4e7) });
}

/** The same imagery, flat. */
async function drawMap(stage: HTMLElement, places: Place[]): Promise<void> {
  const [columns, rows, side] = [4, 2, 256];
  const canvas = document.createElement('canvas');
  canvas.width = columns * side;
  canvas.height = rows * side;
  const context = canvas.getContext('2d')!;
  const tiles = Array.from({ length: columns * rows }, async (_each, index) => {
    const [x, y] = [index % columns, Math.floor(index / columns)];
    const tile = await loadImage(`cesium/Assets/Textures/NaturalEarthII/1/${x}/${y}.jpg`);
    context.drawImage(tile, x * side, (rows - 1 - y) * side);
  });
  await Promise.all(tiles);

  context.strokeStyle = 'gold';
  context.lineWidth = 4;
  context.beginPath();
  for (const [longitude, latitude] of places) {
    context.lineTo(((longitude + 180) / 360) * canvas.width, ((90 - latitude) / 180) * canvas.height);
  }
  context.stroke();
  stage.append(canvas);
}
