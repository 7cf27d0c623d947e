/** What uPlot is told about rows of states: it draws the time, the rows are painted into its place. */
import uPlot from "uplot";
import { formatTime, type Zone } from "../../format/time";
import { humanizeSeconds } from "../../format/duration";
import { frameOptions, TIME_TICKS } from "../../query/plotFrame";
import type { AnnotationEvent } from "../data/annotations";
import type { TimeRange } from "../range";
import { blend, textOn, type Scheme } from "../values/colors";
import { drawEvents, eventsAt } from "./annotationMarks";
import classes from "./Graph.module.css";
import { eventContent } from "./graphTooltip";
import { spanAt, type StateRow, type StateSpan } from "./states";
import { element, placeBox } from "./tooltipBox";

export interface StateStyle {
  /** Of the height and the width that there is: 0 to 1. */
  rowShare: number;
  columnShare: number;
  fillOpacity: number;
  lineWidth: number;
  showsValue: "auto" | "always" | "never";
  align: "left" | "center" | "right";
  hasTooltip: boolean;
}

export interface StateData {
  rows: readonly StateRow[];
  range: TimeRange;
  events: readonly AnnotationEvent[];
}

interface Source {
  current: () => StateData;
  style: StateStyle;
  zone: Zone;
  scheme: Scheme;
  size: { width: number; height: number };
  syncKey: string | null;
  onZoom: (fromMs: number, toMs: number) => void;
}

/** Names take no more than this of the width. */
const NAMES_SHARE = 0.35;
const CHAR_PIXELS = 6.4;
const TEXT_GAP = 4;

export function stateOptions(source: Source): uPlot.Options {
  const { current, zone, scheme, size, onZoom, syncKey } = source;
  const style = getComputedStyle(document.documentElement);
  const font = `11px ${style.getPropertyValue("--mantine-font-family")}`;
  const grid = { stroke: style.getPropertyValue("--nx-grid"), width: 1 };
  const look = { stroke: scheme.isDark ? "#a09a91" : "#6b665f", font, grid };
  const frame = frameOptions({ zone, size, onZoom });
  const names = () => current().rows.map((row) => row.name);
  const charsMax = Math.max(4, Math.floor((size.width * NAMES_SHARE) / CHAR_PIXELS));
  return {
    ...frame,
    padding: [6, 12, 0, 4],
    cursor: {
      ...frame.cursor,
      ...(syncKey === null ? {} : { sync: { key: syncKey, setSeries: false, scales: ["x", null] } }),
    },
    scales: {
      x: { time: true, range: () => [current().range.fromMs / 1000, current().range.toMs / 1000] },
      // Rows count from the top.
      y: { time: false, dir: -1, range: () => [0, Math.max(1, current().rows.length)] },
    },
    axes: [
      { ...look, ticks: { ...grid, size: 4 }, values: TIME_TICKS, space: 64, size: 36, gap: 4 },
      {
        ...look,
        scale: "y",
        grid: { show: false },
        ticks: { show: false },
        gap: 6,
        splits: () => names().map((_name, index) => index + 0.5),
        values: () => names().map((name) => (name.length > charsMax ? `${name.slice(0, charsMax - 1)}…` : name)),
        size: () => 12 + CHAR_PIXELS * Math.min(charsMax, Math.max(2, ...names().map((name) => name.length))),
      },
    ],
    series: [{}, { scale: "y", show: true, paths: () => null, points: { show: false } }],
    hooks: { ...frame.hooks, draw: [(chart) => paint(chart, current().rows, source, font), (chart) => drawEvents(chart, current().events, scheme)] },
    plugins: source.style.hasTooltip ? [tooltip(source)] : [],
  };
}

function paint(chart: uPlot, rows: readonly StateRow[], { style, scheme }: Source, font: string): void {
  const { ctx, bbox } = chart;
  const ratio = uPlot.pxRatio;
  const height = bbox.height / Math.max(1, rows.length);
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.font = font.replace(/^\d+px/, `${Math.round(11 * ratio)}px`);
  ctx.textBaseline = "middle";
  rows.forEach((row, index) => {
    const inset = (height * (1 - style.rowShare)) / 2;
    const place = { top: bbox.top + index * height + inset, height: Math.max(1, height - 2 * inset) };
    for (const span of row.spans) paintSpan(chart, span, place, { style, scheme });
  });
  ctx.restore();
}

function paintSpan(
  chart: uPlot,
  span: StateSpan,
  place: { top: number; height: number },
  { style, scheme }: Pick<Source, "style" | "scheme">,
): void {
  const { ctx } = chart;
  const ratio = uPlot.pxRatio;
  const [start, end] = [span.fromMs, span.toMs].map((ms) => chart.valToPos(ms / 1000, "x", true)) as [number, number];
  const inset = ((end - start) * (1 - style.columnShare)) / 2;
  const [left, width] = [start + inset, Math.max(1, end - start - 2 * inset)];
  const fill = blend(span.color, scheme.surface, style.fillOpacity / 100);
  ctx.fillStyle = fill;
  ctx.fillRect(left, place.top, width, place.height);
  if (style.lineWidth > 0 && width > 3 * ratio) {
    ctx.strokeStyle = span.color;
    ctx.lineWidth = style.lineWidth * ratio;
    ctx.strokeRect(left, place.top, width, place.height);
  }
  if (style.showsValue === "never" || place.height < 11 * ratio) return;
  const gap = TEXT_GAP * ratio;
  const room = width - 2 * gap;
  if (style.showsValue === "auto" && ctx.measureText(span.text).width > room) return;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, place.top, width, place.height);
  ctx.clip();
  ctx.fillStyle = textOn(fill);
  ctx.textAlign = style.align;
  const x = style.align === "left" ? left + gap : style.align === "right" ? left + width - gap : left + width / 2;
  ctx.fillText(span.text, x, place.top + place.height / 2);
  ctx.restore();
}

/** The state under the pointer: of which row, which, from when to when. */
function tooltip({ current, zone, scheme }: Source): uPlot.Plugin {
  const box = element("div", classes.tooltip);
  let isHere = false;
  const hide = () => {
    box.style.display = "none";
  };
  const show = (chart: uPlot) => {
    const { left = -1, top = -1 } = chart.cursor;
    if (!isHere || left < 0 || top < 0) return hide();
    const { rows, events } = current();
    const row = rows[Math.floor(chart.posToVal(top, "y"))];
    const span = row && spanAt(row, chart.posToVal(left, "x") * 1000);
    const happened = eventsAt(chart, events, left);
    if (!span && happened.length === 0) return hide();
    box.replaceChildren(...(span ? spanContent(row.name, span, zone) : []), ...eventContent(happened, zone, scheme));
    box.style.display = "block";
    placeBox(box, chart.over, left, top);
  };
  return {
    hooks: {
      init: (chart) => {
        hide();
        document.body.append(box);
        chart.over.addEventListener("mouseenter", () => {
          isHere = true;
        });
        chart.over.addEventListener("mouseleave", () => {
          isHere = false;
          hide();
        });
      },
      setCursor: show,
      destroy: () => box.remove(),
    },
  };
}

function spanContent(name: string, { text, color, fromMs, toMs }: StateSpan, zone: Zone): HTMLElement[] {
  const line = element("div", classes.row);
  const swatch = element("span", classes.swatch);
  swatch.style.background = color;
  line.append(swatch, element("span", classes.name, name), element("span", classes.value, text));
  const seconds = (toMs - fromMs) / 1000;
  const times = `${formatTime(fromMs, zone)} – ${formatTime(toMs, zone)}, ${humanizeSeconds(seconds)}`;
  return [line, element("div", classes.time, times)];
}
