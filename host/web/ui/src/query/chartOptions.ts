/** Everything uPlot is told about a chart of lines: scales, axes, series and what the pointer does. */
import uPlot from "uplot";
import { formatAxisValue } from "../format/value";
import type { ExemplarLayer } from "./exemplarLayer";
import { seriesColor } from "./palette";
import type { PlotData } from "./plotData";
import { axisLook, frameOptions, labelsWidth, timeAxis, timeScale, type Frame } from "./plotFrame";
import { tooltip } from "./tooltip";

interface Chart extends Frame {
  plot: PlotData;
  /** What is drawn: one column a series, stacked or not, all holes where hidden. */
  columns: readonly (number | null)[][];
  isStacked: boolean;
  /** A value that the axis reaches down to in any case. */
  axisMin: number | null;
  exemplars: ExemplarLayer;
}

export function chartOptions(chart: Chart): uPlot.Options {
  const { plot, columns, zone, isStacked, exemplars } = chart;
  // A stack stands on zero.
  const axisMin = isStacked ? 0 : chart.axisMin;
  const look = axisLook(chart);
  return {
    ...frameOptions(chart),
    focus: { alpha: 0.2 },
    scales: {
      x: timeScale(chart),
      y: { range: (_chart, min, max) => valueRange(min, max, axisMin) },
    },
    axes: [
      timeAxis(look),
      {
        ...look,
        ticks: { show: false },
        values: (_chart, ticks, _axis, _space, increment) => ticks.map((tick) => formatAxisValue(tick, increment)),
        size: labelsWidth,
      },
    ],
    series: [{}, ...columns.map((column, index) => seriesOptions(column, index, isStacked))],
    ...(isStacked ? { bands: stackBands(columns) } : {}),
    plugins: [exemplars.plugin, tooltip({ plot, columns, zone, isMuted: exemplars.isPointedAt })],
  };
}

/** Always some height; `floor` is part of it. */
function valueRange(min: number | null, max: number | null, floor: number | null): [number, number] {
  if (min === null || max === null) return [0, 1];
  const low = Math.min(min, floor ?? min);
  const high = Math.max(max, floor ?? max);
  if (low === high) {
    const room = low === 0 ? 1 : Math.abs(low) * 0.5;
    return [low - (low === 0 ? 0 : room), high + room];
  }
  return uPlot.rangeNum(low, high, { min: { pad: 0.06, soft: 0, mode: 3 }, max: { pad: 0.06, soft: 0, mode: 3 } }) as [
    number,
    number,
  ];
}

function seriesOptions(column: readonly (number | null)[], index: number, isStacked: boolean): uPlot.Series {
  const color = seriesColor(index);
  const lonely = lonelyPoints(column);
  return {
    stroke: color,
    width: isStacked ? 1 : 1.6,
    ...(isStacked ? { fill: `${color}55` } : {}),
    // A sample between two holes has no line: it gets a dot.
    points: { show: lonely.length > 0, size: 5, fill: color, filter: () => lonely },
  };
}

function lonelyPoints(column: readonly (number | null)[]): number[] {
  return column.flatMap((value, at) => {
    const isLonely = value !== null && (column[at - 1] ?? null) === null && (column[at + 1] ?? null) === null;
    return isLonely ? [at] : [];
  });
}

/** Each visible series is filled down to the visible one below it; the lowest down to zero. */
function stackBands(columns: readonly (number | null)[][]): uPlot.Band[] {
  const bands: uPlot.Band[] = [];
  let below: number | null = null;
  columns.forEach((column, index) => {
    if (column.every((value) => value === null)) return;
    if (below !== null) bands.push({ series: [index + 1, below + 1] });
    below = index;
  });
  return bands;
}
