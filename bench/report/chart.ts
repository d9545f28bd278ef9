import { type EChartsCoreOption, init } from 'echarts';

const PAPER = '#ffffff';
export const INK = '#24292f';
// Names without spaces: the library writes quotes into an attribute as they are.
const FONT = 'system-ui, -apple-system, Roboto, Helvetica, Arial, sans-serif';
export const OURS = '#d9480f';
export const THEIRS = '#7a8794';

/** Colors on a dark page, by those on a light one. */
const DARK: Record<string, string> = {
  [PAPER]: '#1b1b1f',
  [INK]: '#dfdfd6',
  '#3c3c41': '#dfdfd6',
  '#54555a': '#b0b0b8',
  '#57606a': '#b0b0b8',
  '#495057': '#ced4da',
  '#e6e9ec': '#3c3f44',
  '#1c7ed6': '#74c0fc',
  [OURS]: '#ff8a4c',
  [THEIRS]: '#8c9aa8',
};

/** A page that shows the picture passes its color scheme on. */
const STYLE = `<style>@media (prefers-color-scheme: dark) {\n${['fill', 'stroke']
  .flatMap((property) =>
    Object.entries(DARK).map(([light, dark]) => `[${property}="${light}"] { ${property}: ${dark} }`),
  )
  .join('\n')}\n}</style>`;

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
    return `${renumbered(chart.renderToSVGString()).replace('>', `>\n${STYLE}`)}\n`;
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
