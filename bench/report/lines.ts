import type { Measurement } from '../results.ts';
import { OURS, type Picture, title } from './chart.ts';
import { growthOf } from './growth.ts';

const WIDTH = 880;
const PANEL = 260;
const TOP = 96;
const COLORS = [OURS, '#1c7ed6', '#495057'];

/** Time over amount, both in powers of ten, a panel per filesystem: a straight line is a power. */
export function lines(measurements: Measurement[], caption: string): Picture {
  const { of } = measurements[0]!.scale!;
  const kinds = [...new Set(measurements.map(({ filesystem }) => filesystem))];
  const columns = 2;
  const width = (WIDTH - 60) / columns;
  const at = (index: number) => ({
    left: 60 + (index % columns) * width,
    top: TOP + 30 + Math.floor(index / columns) * (PANEL + 50),
  });
  const option = {
    title: [
      title(of === 'files' ? 'More files of 4 KiB' : 'More bytes in 8 files', caption),
      ...kinds.map((kind, index) => ({
        text: kind,
        left: at(index).left,
        top: at(index).top - 30,
        textStyle: { fontSize: 14, fontWeight: 600 },
      })),
    ],
    grid: kinds.map((_, index) => ({ ...at(index), width: width - 130, height: PANEL - 60 })),
    xAxis: kinds.map((_, index) => ({
      gridIndex: index,
      type: 'log',
      min: 'dataMin',
      axisLabel: { formatter: of === 'files' ? files : bytes },
      splitLine: { show: false },
    })),
    yAxis: kinds.map((_, index) => ({
      gridIndex: index,
      type: 'log',
      axisLabel: { formatter: time },
      splitLine: { lineStyle: { color: '#e6e9ec' } },
    })),
    series: kinds.flatMap((kind, index) =>
      growthOf(measurements.filter(({ filesystem }) => filesystem === kind)).map((growth, number) => ({
        type: 'line',
        xAxisIndex: index,
        yAxisIndex: index,
        symbolSize: 7,
        color: COLORS[number],
        data: growth.points.map(({ amount, ms }) => [amount, ms]),
        endLabel: {
          show: true,
          fontSize: 11,
          color: COLORS[number],
          formatter: `${growth.label.replace(/ --.*/, '')}\nn^${growth.exponent.toFixed(2)}`,
        },
        labelLayout: { moveOverlap: 'shiftY' },
      })),
    ),
  };
  return { width: WIDTH, height: at(kinds.length - 1).top + PANEL, option };
}

const files = (value: number) => (value >= 1000 ? `${value / 1000}k` : String(value));
const bytes = (value: number) => (value >= 1e9 ? `${value / 1e9} GB` : `${value / 1e6} MB`);
const time = (value: number) => (value >= 1000 ? `${value / 1000} s` : `${value} ms`);
