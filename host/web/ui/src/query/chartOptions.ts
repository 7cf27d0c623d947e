/** Everything uPlot is told about a chart: scales, axes, series and what the pointer does. */
import uPlot from "uplot";
import type { Zone } from "../format/time";
import { formatAxisValue } from "../format/value";
import { seriesColor } from "./palette";
import type { PlotData } from "./plotData";
import type { Window } from "./step";
import { tooltip } from "./tooltip";

interface Chart {
  plot: PlotData;
  /** What is drawn: one column a series, stacked or not, all holes where hidden. */
  columns: readonly (number | null)[][];
  window: Window;
  zone: Zone;
  isStacked: boolean;
  isDark: boolean;
  size: { width: number; height: number };
  onZoom: (startMs: number, endMs: number) => void;
}

/** A drag shorter than this is a click. */
const DRAG_PIXELS_MIN = 6;

export function chartOptions(chart: Chart): uPlot.Options {
  const { plot, columns, window, zone, isStacked, isDark, size, onZoom } = chart;
  const style = getComputedStyle(document.documentElement);
  const grid = { stroke: style.getPropertyValue("--nx-grid"), width: 1 };
  const text = isDark ? "#a09a91" : "#6b665f";
  const font = `12px ${style.getPropertyValue("--mantine-font-family")}`;
  return {
    ...size,
    tzDate: (seconds) => zonedDate(seconds, zone),
    legend: { show: false },
    focus: { alpha: 0.2 },
    cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false, dist: DRAG_PIXELS_MIN } },
    scales: {
      x: { time: true, range: () => [window.startMs / 1000, window.endMs / 1000] },
      y: { range: (_chart, min, max) => valueRange(min, max, isStacked) },
    },
    axes: [
      { stroke: text, font, grid, ticks: grid, values: TIME_TICKS },
      {
        stroke: text,
        font,
        grid,
        ticks: { show: false },
        values: (_chart, ticks, _axis, _space, increment) => ticks.map((tick) => formatAxisValue(tick, increment)),
        size: (_chart, labels) => 16 + 7.2 * Math.max(3, ...(labels ?? []).map((label) => label.length)),
      },
    ],
    series: [{}, ...columns.map((column, index) => seriesOptions(column, index, isStacked))],
    ...(isStacked ? { bands: stackBands(columns) } : {}),
    hooks: {
      setSelect: [
        (made) => {
          if (made.select.width < DRAG_PIXELS_MIN) return;
          const from = made.posToVal(made.select.left, "x");
          const to = made.posToVal(made.select.left + made.select.width, "x");
          made.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          onZoom(from * 1000, to * 1000);
        },
      ],
    },
    plugins: [tooltip({ plot, columns, zone })],
  };
}

function zonedDate(seconds: number, zone: Zone): Date {
  const date = new Date(seconds * 1000);
  return zone === "utc" ? uPlot.tzDate(date, "Etc/UTC") : date;
}

/** Always some height, and a stack stands on zero. */
function valueRange(min: number | null, max: number | null, isStacked: boolean): [number, number] {
  if (min === null || max === null) return [0, 1];
  const low = isStacked ? Math.min(0, min) : min;
  const high = isStacked ? Math.max(0, max) : max;
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

/** Tick formats by distance, with the date where it changes. 24 hours, year first. */
const TIME_TICKS: uPlot.Axis.Values = [
  // distance in seconds, format, then what is added at a change of: year, month, day, hour, minute, second; mode
  [365 * 86_400, "{YYYY}", null, null, null, null, null, null, 1],
  [28 * 86_400, "{MMM}", "\n{YYYY}", null, null, null, null, null, 1],
  [86_400, "{MM}-{DD}", "\n{YYYY}", null, null, null, null, null, 1],
  [60, "{HH}:{mm}", "\n{YYYY}-{MM}-{DD}", null, "\n{MM}-{DD}", null, null, null, 1],
  [1, "{HH}:{mm}:{ss}", "\n{YYYY}-{MM}-{DD}", null, "\n{MM}-{DD}", null, null, null, 1],
  [0.001, "{ss}.{fff}", "\n{YYYY}-{MM}-{DD} {HH}:{mm}", null, "\n{MM}-{DD} {HH}:{mm}", null, "\n{HH}:{mm}", null, 1],
];
