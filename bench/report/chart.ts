import { type EChartsCoreOption, init } from 'echarts';

/** Readable on light and on dark pages alike, because the picture brings its own paper. */
const PAPER = '#ffffff';
export const INK = '#24292f';
// Names without spaces: the library writes quotes into an attribute as they are.
const FONT = 'system-ui, -apple-system, Roboto, Helvetica, Arial, sans-serif';
export const OURS = '#d9480f';
export const THEIRS = '#7a8794';

export interface Picture {
  width: number;
  height: number;
  option: EChartsCoreOption;
}

/** Draws without a browser. The same figures give the same bytes. */
export function toSvg({ width, height, option }: Picture): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    chart.setOption({
      animation: false,
      backgroundColor: PAPER,
      textStyle: { fontFamily: FONT, color: INK },
      ...option,
    });
    return `${renumbered(chart.renderToSVGString())}\n`;
  } finally {
    chart.dispose();
  }
}

export function title(text: string, subtext: string): object {
  return {
    text,
    subtext,
    left: 16,
    top: 10,
    // As large as a line of it fits into the picture.
    textStyle: { fontSize: Math.min(17, Math.floor(1240 / text.length)), fontWeight: 600, color: INK },
    subtextStyle: { fontSize: 12, color: '#57606a' },
  };
}

/** The library counts its names on from one picture to the next. */
function renumbered(svg: string): string {
  const names = new Map<string, string>();
  return svg.replace(/zr\d+-[a-z]+-?\d+/g, (name) => {
    const short = names.get(name) ?? `n${names.size}`;
    names.set(name, short);
    return short;
  });
}
