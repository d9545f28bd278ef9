import { max, median, min } from 'simple-statistics';
import { aspects } from '../contenders/peers.ts';
import type { Series } from '../harness.ts';
import type { Measurement } from '../results.ts';
import { amount, ratio } from '../targets.ts';
import { INK, OURS, type Picture, THEIRS, title } from './chart.ts';

const WIDTH = 880;
const BAR = 24;
const PANEL_HEAD = 46;
const TOP = 64;
const LEFT = 215;
const RIGHT = 200;

/** One panel of bars per filesystem, the fastest on top; whiskers from the fastest to the slowest round. */
export function bars(measurements: Measurement[], caption: string): Picture {
  const panels = measurements.map(({ filesystem, node, series }) => ({
    name: node ? `${filesystem}, Node.js ${node}` : filesystem,
    times: timesOf(series),
  }));
  let top = TOP;
  const placed = panels.map((panel) => {
    const at = { ...panel, top: top + PANEL_HEAD, height: panel.times.length * BAR };
    top = at.top + at.height + 8;
    return at;
  });
  const option = {
    title: [
      title(measurements[0]!.title, caption),
      ...placed.map(({ name, top: y }) => ({
        text: name,
        left: 16,
        top: y - 26,
        textStyle: { fontSize: 14, fontWeight: 600 },
      })),
    ],
    grid: placed.map(({ top: y, height }) => ({ left: LEFT, right: RIGHT, top: y, height })),
    xAxis: placed.map((_, index) => ({
      gridIndex: index,
      type: 'value',
      min: 0,
      axisLabel: { show: false },
      splitLine: { show: false },
    })),
    yAxis: placed.map(({ times }, index) => ({
      gridIndex: index,
      type: 'category',
      inverse: true,
      data: times.map(({ label }) => label),
      axisTick: { show: false },
      axisLine: { show: false },
      axisLabel: { fontSize: 12, color: '#24292f' },
    })),
    series: placed.flatMap(({ times }, index) => [barsOf(times, index), whiskersOf(times, index)]),
  };
  return { width: WIDTH, height: top + 12, option };
}

/** The times alone, the fastest first. */
function timesOf(series: Series[]): Series[] {
  const ends = Object.values(aspects);
  return series
    .filter(({ label }) => !ends.some((end) => label.endsWith(`: ${end}`)))
    .sort((a, b) => median(a.values) - median(b.values));
}

function barsOf(times: Series[], index: number): object {
  return {
    type: 'bar',
    xAxisIndex: index,
    yAxisIndex: index,
    barWidth: BAR - 8,
    data: times.map(({ label, values }) => ({
      value: median(values),
      itemStyle: { color: label === 'ours' ? OURS : THEIRS },
    })),
  };
}

/** With the figures behind them, where no whisker crosses them out. */
function whiskersOf(times: Series[], index: number): object {
  const ours = times.find(({ label }) => label === 'ours');
  const figures = times.map(({ label, unit, values }) => {
    const beside = ours && label !== 'ours' ? `   ${ratio(median(values) / median(ours.values))} ours` : '';
    return `${amount(median(values), unit)}${beside}`;
  });
  type Api = { value(dimension: number): number; coord(point: [number, number]): [number, number] };
  return {
    type: 'custom',
    xAxisIndex: index,
    yAxisIndex: index,
    silent: true,
    data: times.map(({ values }, row) => [row, min(values), max(values)]),
    renderItem({ dataIndex }: { dataIndex: number }, api: Api) {
      const [from, y] = api.coord([api.value(1), api.value(0)]);
      const [to] = api.coord([api.value(2), api.value(0)]);
      const style = { stroke: INK, lineWidth: 1 };
      const line = (x1: number, y1: number, x2: number, y2: number) => ({
        type: 'line',
        shape: { x1, y1, x2, y2 },
        style,
      });
      return {
        type: 'group',
        children: [
          line(from, y, to, y),
          line(from, y - 3, from, y + 3),
          line(to, y - 3, to, y + 3),
          {
            type: 'text',
            style: {
              text: figures[dataIndex],
              x: to + 10,
              y,
              verticalAlign: 'middle',
              fontSize: 12,
              fill: INK,
            },
          },
        ],
      };
    },
    encode: { x: [1, 2], y: 0 },
    z: 3,
  };
}
