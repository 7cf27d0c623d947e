/** A uPlot plugin: the series nearest to the pointer, with its time, value and labels. */
import uPlot from "uplot";
import type { Labels } from "../api";
import { seriesParts } from "../format/labels";
import { formatTime, type Zone } from "../format/time";
import { formatValue } from "../format/value";
import classes from "./Chart.module.css";
import { seriesColor } from "./palette";
import type { PlotData } from "./plotData";

interface Source {
  plot: PlotData;
  /** What is drawn, to find the nearest; the values shown are those of `plot`. */
  columns: readonly (number | null)[][];
  zone: Zone;
  /** Whether something else has the pointer. */
  isMuted: () => boolean;
}

const GAP = 14;

export function tooltip({ plot, columns, zone, isMuted }: Source): uPlot.Plugin {
  const box = element("div", classes.tooltip, "");
  const point = element("div", classes.point, "");
  const hide = () => {
    box.style.display = "none";
    point.style.display = "none";
  };

  const show = (chart: uPlot) => {
    const { idx: at, left = -1, top = -1 } = chart.cursor;
    const nearest = at === null || at === undefined || left < 0 || isMuted() ? null : nearestSeries(chart, columns, at, top);
    if (nearest === null || at === null || at === undefined) return hide();
    const x = chart.valToPos(plot.times[at] ?? 0, "x");
    const y = chart.valToPos(columns[nearest]?.[at] ?? 0, "y");
    point.style.display = "block";
    point.style.left = `${x}px`;
    point.style.top = `${y}px`;
    point.style.background = seriesColor(nearest);
    box.replaceChildren(...content(plot, nearest, at, zone));
    box.style.display = "block";
    place(box, chart.over, x, y);
  };

  return {
    hooks: {
      init: (chart) => {
        hide();
        chart.over.append(point, box);
        chart.over.addEventListener("mouseleave", hide);
      },
      setCursor: show,
    },
  };
}

/** The series whose drawn value at a time is closest to the pointer's height. */
function nearestSeries(chart: uPlot, columns: Source["columns"], at: number, top: number): number | null {
  let nearest: number | null = null;
  let best = Number.POSITIVE_INFINITY;
  columns.forEach((column, index) => {
    const value = column[at] ?? null;
    if (value === null) return;
    const distance = Math.abs(chart.valToPos(value, "y") - top);
    if (distance < best) {
      best = distance;
      nearest = index;
    }
  });
  return nearest;
}

function content(plot: PlotData, series: number, at: number, zone: Zone): HTMLElement[] {
  const found = plot.series[series];
  const time = timeLine((plot.times[at] ?? 0) * 1000, zone);
  const value = element("div", classes.value, "");
  const swatch = element("span", classes.swatch, "");
  swatch.style.background = seriesColor(series);
  value.append(swatch, formatValue(found?.values[at] ?? Number.NaN));
  return [time, value, labelLines(found?.labels ?? {})];
}

export function timeLine(ms: number, zone: Zone): HTMLElement {
  return element("div", classes.time, formatTime(ms, zone) + (zone === "utc" ? " UTC" : ""));
}

export function labelLines(labels: Labels): HTMLElement {
  const lines = element("div", classes.labels, "");
  const { name, entries } = seriesParts(labels);
  if (name !== "") lines.append(element("div", undefined, name));
  for (const entry of entries) {
    lines.append(element("div", undefined, entry.name === null ? entry.value : `${entry.name}=${entry.value}`));
  }
  return lines;
}

export function element(tag: string, className: string | undefined, text: string): HTMLElement {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}

/** Beside the point, on the side that has room, inside the plot where it fits. */
export function place(box: HTMLElement, over: HTMLElement, x: number, y: number): void {
  const { clientWidth: width, clientHeight: height } = over;
  const left = x + GAP + box.offsetWidth > width ? x - GAP - box.offsetWidth : x + GAP;
  const top = Math.min(y + GAP, height - box.offsetHeight);
  box.style.left = `${Math.max(0, left)}px`;
  box.style.top = `${Math.max(0, top)}px`;
}
