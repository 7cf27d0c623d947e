/** Everything uPlot is told about a heatmap. The cells are drawn by us, below its axes. */
import uPlot from "uplot";
import type { ExemplarLayer } from "./exemplarLayer";
import { heatColor } from "./heatColors";
import { intensity, labeledBounds, type Heatmap, type Rows } from "./heatmap";
import { heatTooltip } from "./heatTooltip";
import { axisLook, frameOptions, labelsWidth, timeAxis, timeScale, type Frame } from "./plotFrame";

interface Chart extends Frame {
  heatmap: Heatmap;
  /** Seconds since the epoch, one a column. */
  times: readonly number[];
  exemplars: ExemplarLayer;
}

/** Labels of the axis of values are at least this far apart. */
const LABEL_PIXELS_MIN = 22;

/** A label of three digits is exact enough beside a row. */
const LABEL_DIGITS = 3;

export function heatOptions(chart: Chart): uPlot.Options {
  const { heatmap, times, zone, exemplars } = chart;
  const { rows } = heatmap;
  const look = axisLook(chart);
  const height = rows.edges.at(-1) ?? 1;
  return {
    ...frameOptions(chart),
    scales: { x: timeScale(chart), y: { range: () => [0, height] } },
    axes: [
      { ...timeAxis(look), grid: { show: false } },
      {
        ...look,
        grid: { show: false },
        ticks: { show: false },
        splits: (made) => labeledBounds(rows, (LABEL_PIXELS_MIN * height) / Math.max(1, made.over.clientHeight)),
        values: (_chart, edges) => edges.map((edge) => boundLabel(rows, edge)),
        size: labelsWidth,
      },
    ],
    // The column under the pointer is found by a series without a line.
    series: [{}, { paths: () => null, points: { show: false } }],
    plugins: [cells(chart), exemplars.plugin, heatTooltip({ heatmap, times, zone, isMuted: exemplars.isPointedAt })],
  };
}

function boundLabel(rows: Rows, edge: number): string {
  const bound = rows.bounds[rows.edges.indexOf(edge)] ?? 0;
  if (!Number.isFinite(bound)) return bound > 0 ? "+Inf" : "-Inf";
  return String(Number(bound.toPrecision(LABEL_DIGITS)));
}

function cells({ heatmap, times, window, isDark }: Chart): uPlot.Plugin {
  const halfStep = window.stepMs / 2000;
  const draw = (made: uPlot) => {
    const { ctx, bbox } = made;
    const tops = heatmap.rows.edges.map((edge) => Math.round(made.valToPos(edge, "y", true)));
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    heatmap.columns.forEach((column, at) => {
      if (!column) return;
      const time = times[at] ?? 0;
      const left = Math.round(made.valToPos(time - halfStep, "x", true));
      const width = Math.max(1, Math.round(made.valToPos(time + halfStep, "x", true)) - left);
      column.forEach((count, row) => {
        if (count <= 0) return;
        const [bottom, top] = [tops[row] ?? 0, tops[row + 1] ?? 0];
        ctx.fillStyle = heatColor(intensity(count, heatmap.most), isDark);
        ctx.fillRect(left, top, width, Math.max(1, bottom - top));
      });
    });
    ctx.restore();
  };
  return { hooks: { drawClear: draw } };
}
