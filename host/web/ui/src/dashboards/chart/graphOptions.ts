/** Everything uPlot is told about a graph: scales, axes, series, thresholds and what the pointer does. */
import uPlot from "uplot";
import type { Zone } from "../../format/time";
import { frameOptions, TIME_TICKS } from "../../query/plotFrame";
import type { AnnotationEvent } from "../data/annotations";
import type { Field } from "../data/fields";
import type { TimeRange } from "../range";
import { colorOf, withAlpha, type Scheme } from "../values/colors";
import { absoluteSteps } from "../values/thresholds";
import { drawEvents } from "./annotationMarks";
import { axesOf, tickDistances, tickTexts, valueRange, type ValueAxis } from "./axes";
import { lonelyPoints, samplePoints, type Columns } from "./columns";
import { graphTooltip, type TooltipStyle } from "./graphTooltip";

/** What may change without a new chart. */
export interface GraphData {
  fields: readonly Field[];
  columns: Columns;
  range: TimeRange;
  events: readonly AnnotationEvent[];
}

interface Graph {
  current: () => GraphData;
  zone: Zone;
  scheme: Scheme;
  tooltip: TooltipStyle;
  size: { width: number; height: number };
  /** Graphs with the same key show the pointer's time together. */
  syncKey: string | null;
  onZoom: (fromMs: number, toMs: number) => void;
}

/** Points are shown by themselves where there is at least this much room for each. */
const POINT_ROOM_PIXELS = 12;

export function graphOptions(graph: Graph): uPlot.Options {
  const { current, zone, scheme, size, onZoom } = graph;
  const { fields, columns } = current();
  const { axes, scales } = axesOf(fields);
  const style = getComputedStyle(document.documentElement);
  const grid = { stroke: style.getPropertyValue("--nx-grid"), width: 1 };
  const look = {
    stroke: scheme.isDark ? "#a09a91" : "#6b665f",
    font: `11px ${style.getPropertyValue("--mantine-font-family")}`,
    grid,
  };
  const frame = frameOptions({ zone, size, onZoom });
  return {
    ...frame,
    padding: [8, 18, 0, 4],
    focus: { alpha: 0.25 },
    cursor: {
      ...frame.cursor,
      ...(graph.syncKey === null ? {} : { sync: { key: graph.syncKey, setSeries: false, scales: ["x", null] } }),
    },
    scales: {
      x: { time: true, range: () => [current().range.fromMs / 1000, current().range.toMs / 1000] },
      ...Object.fromEntries(axes.map((axis) => [axis.scale, scaleOptions(axis)])),
    },
    axes: [
      { ...look, ticks: { ...grid, size: 4 }, values: TIME_TICKS, space: 64, size: 36, gap: 4 },
      ...axes.map((axis, index) => axisOptions(axis, index === 0, look, zone)),
    ],
    series: [{}, ...fields.map((field, index) => seriesOptions(field, scales[index] ?? "y0", index, current))],
    bands: bandsOf(fields, columns),
    hooks: {
      ...frame.hooks,
      drawAxes: [(made) => drawThresholds(made, fields, scales, scheme)],
      draw: [(made) => drawEvents(made, current().events, scheme)],
    },
    plugins: [graphTooltip({ current, zone, scheme, style: graph.tooltip })],
  };
}

function scaleOptions(axis: ValueAxis): uPlot.Scale {
  const log =
    axis.logBase === null ? {} : { distr: 3 as const, log: axis.logBase === 2 ? (2 as const) : (10 as const) };
  return { ...log, range: (_chart, min, max) => valueRange(min, max, axis) };
}

function axisOptions(axis: ValueAxis, isFirst: boolean, look: Partial<uPlot.Axis>, zone: Zone): uPlot.Axis {
  const distances = tickDistances(axis.unit);
  return {
    ...look,
    scale: axis.scale,
    side: axis.isRight ? 1 : 3,
    show: !axis.isHidden,
    // One grid is enough.
    grid: { ...look.grid, show: isFirst },
    ticks: { show: false },
    gap: 4,
    ...(axis.label === "" ? {} : { label: axis.label, labelSize: 18, labelFont: look.font ?? "", labelGap: 0 }),
    ...(distances ? { incrs: distances } : {}),
    values: (_chart, ticks) => tickTexts(ticks, axis, zone),
    size: (_chart, labels) => 14 + 6.4 * Math.max(2, ...(labels ?? []).map((label) => label.length)),
  };
}

function seriesOptions(field: Field, scale: string, index: number, current: () => GraphData): uPlot.Series {
  const { graph } = field.config;
  const below = current().columns.below[index] ?? null;
  const isFilled = graph.fillOpacity > 0 && graph.draw !== "points";
  const fill = withAlpha(field.color, graph.fillOpacity / 100);
  return {
    scale,
    stroke: field.color,
    width: graph.draw === "points" ? 0 : graph.lineWidth,
    ...(graph.dash ? { dash: graph.dash } : {}),
    ...(isFilled ? { fill: graph.hasGradient && below === null ? gradient(field.color, scale) : fill } : {}),
    paths: pathsOf(field),
    points: {
      size: graph.pointSize,
      fill: field.color,
      show: true,
      filter: (chart) => {
        if (graph.draw === "points") return null;
        if (graph.draw === "bars") return [];
        // Not what is drawn: lines of stacks have values between their samples, too.
        const samples = current().columns.values[index] ?? [];
        const own = samplePoints(samples);
        const areShown = graph.points === "always" || (graph.points === "auto" && !isCrowded(chart, own.length));
        return areShown ? own : lonelyPoints(samples);
      },
    },
  };
}

function isCrowded(chart: uPlot, points: number): boolean {
  return chart.bbox.width / uPlot.pxRatio / Math.max(1, points) < POINT_ROOM_PIXELS;
}

function gradient(color: string, scale: string): (chart: uPlot) => CanvasGradient | string {
  return (chart) => {
    const { top, height } = chart.bbox;
    const isPlaced = Number.isFinite(top) && Number.isFinite(height) && chart.scales[scale]?.min !== undefined;
    if (!isPlaced) return withAlpha(color, 0.2);
    const made = chart.ctx.createLinearGradient(0, top, 0, top + height);
    made.addColorStop(0, withAlpha(color, 0.45));
    made.addColorStop(1, withAlpha(color, 0.02));
    return made;
  };
}

function pathsOf({ config: { graph } }: Field): uPlot.Series.PathBuilder {
  const { bars, linear, spline, stepped, points } = uPlot.paths;
  const nothing: uPlot.Series.PathBuilder = () => null;
  if (graph.draw === "bars") return bars?.({ size: [0.7, 64], align: 0 }) ?? nothing;
  if (graph.draw === "points") return points?.() ?? nothing;
  switch (graph.interpolation) {
    case "smooth":
      return spline?.() ?? nothing;
    case "stepAfter":
      return stepped?.({ align: 1 }) ?? nothing;
    case "stepBefore":
      return stepped?.({ align: -1 }) ?? nothing;
    case "linear":
      return linear?.() ?? nothing;
  }
}

/** Stacked fields are filled down to the one below. */
function bandsOf(fields: readonly Field[], { below }: Columns): uPlot.Band[] {
  return fields.flatMap((field, index) => {
    const under = below[index] ?? null;
    return under === null
      ? []
      : [{ series: [index + 1, under + 1], dir: field.config.graph.isNegative ? 1 : -1 } as uPlot.Band];
  });
}

/** Lines and areas where thresholds are, behind the series. */
function drawThresholds(chart: uPlot, fields: readonly Field[], scales: readonly string[], scheme: Scheme): void {
  const index = fields.findIndex((field) => field.config.graph.thresholdsStyle !== "off");
  const field = fields[index];
  const scale = scales[index];
  if (!field || scale === undefined) return;
  const style = field.config.graph.thresholdsStyle;
  const { min = 0, max = 1 } = chart.scales[scale] ?? {};
  const steps = absoluteSteps(field.config.thresholds, min ?? 0, max ?? 1);
  const { left, top, width, height } = chart.bbox;
  const position = (value: number) => Math.min(top + height, Math.max(top, chart.valToPos(value, scale, true)));
  const { ctx } = chart;
  ctx.save();
  steps.forEach((step, at) => {
    const color = step.color === "transparent" ? null : colorOf(step.color, scheme);
    if (color === null) return;
    const from = step.from === Number.NEGATIVE_INFINITY ? top + height : position(step.from);
    if (style.includes("area")) {
      const next = steps[at + 1];
      const to = next ? position(next.from) : top;
      ctx.fillStyle = withAlpha(color, 0.1);
      ctx.fillRect(left, to, width, from - to);
    }
    if ((style.includes("line") || style.includes("dashed")) && step.from > (min ?? 0) && step.from < (max ?? 1)) {
      ctx.strokeStyle = color;
      ctx.lineWidth = 1.5 * uPlot.pxRatio;
      ctx.setLineDash(style.includes("dashed") ? [8 * uPlot.pxRatio, 6 * uPlot.pxRatio] : []);
      ctx.beginPath();
      ctx.moveTo(left, from);
      ctx.lineTo(left + width, from);
      ctx.stroke();
    }
  });
  ctx.restore();
}
