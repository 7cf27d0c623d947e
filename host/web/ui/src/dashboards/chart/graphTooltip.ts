/** A uPlot plugin: the values of all series at the pointer's time, the nearest one set apart, and what happened then. */
import uPlot from "uplot";
import { formatTime, type Zone } from "../../format/time";
import { spanText, type AnnotationEvent } from "../data/annotations";
import type { Field } from "../data/fields";
import type { Scheme } from "../values/colors";
import { valueText } from "../values/display";
import { eventColor, eventsAt } from "./annotationMarks";
import { valueAt, type Columns } from "./columns";
import classes from "./Graph.module.css";
import type { GraphData } from "./graphOptions";
import { element, placeBox } from "./tooltipBox";

export interface TooltipStyle {
  mode: "single" | "multi" | "none";
  sort: "none" | "asc" | "desc";
}

interface Source {
  current: () => GraphData;
  zone: Zone;
  scheme: Scheme;
  style: TooltipStyle;
}

interface Row {
  field: Field;
  value: number;
  isNearest: boolean;
}

/** A longer list hides what it explains. */
const ROWS_MAX = 16;
const EVENTS_MAX = 4;

export function graphTooltip({ current, zone, scheme, style }: Source): uPlot.Plugin {
  const box = document.createElement("div");
  box.className = classes.tooltip ?? "";
  let isHere = false;
  const hide = () => {
    box.style.display = "none";
  };

  const show = (chart: uPlot) => {
    const { idx: at, left = -1, top = -1 } = chart.cursor;
    // The pointer may be in another graph that shares its time.
    if (!isHere || left < 0) return hide();
    const { fields, columns, events } = current();
    const happened = eventsAt(chart, events, left);
    const all = style.mode === "none" || at === null || at === undefined ? [] : rowsAt(chart, fields, columns, at, top);
    const rows = style.mode === "single" ? all.filter((row) => row.isNearest) : sorted(all, style.sort);
    if (rows.length === 0 && happened.length === 0) return hide();
    box.replaceChildren(
      ...(rows.length === 0 ? [] : content((columns.times[at ?? 0] ?? 0) * 1000, rows, zone)),
      ...eventContent(happened, zone, scheme),
    );
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

function rowsAt(chart: uPlot, fields: readonly Field[], columns: Columns, at: number, top: number): Row[] {
  let nearest = -1;
  let best = Number.POSITIVE_INFINITY;
  const rows = fields.flatMap((field, index): (Row & { index: number })[] => {
    const drawn = valueAt(columns.drawn[index] ?? [], at);
    const value = valueAt(columns.values[index] ?? [], at);
    if (drawn === null || value === null || field.config.graph.isHiddenInTooltip) return [];
    const scale = chart.series[index + 1]?.scale ?? "y0";
    const distance = Math.abs(chart.valToPos(drawn, scale) - top);
    if (distance < best) [best, nearest] = [distance, index];
    return [{ field, value, isNearest: false, index }];
  });
  return rows.map((row) => ({ ...row, isNearest: row.index === nearest }));
}

function sorted(rows: readonly Row[], sort: TooltipStyle["sort"]): Row[] {
  if (sort === "none") return [...rows];
  return [...rows].sort((a, b) => (sort === "asc" ? a.value - b.value : b.value - a.value));
}

function content(ms: number, rows: readonly Row[], zone: Zone): HTMLElement[] {
  const nearest = rows.findIndex((row) => row.isNearest);
  // The nearest is always among those shown.
  const from = Math.max(0, Math.min(nearest - ROWS_MAX + 1, rows.length - ROWS_MAX));
  const shown = rows.slice(from, from + ROWS_MAX);
  const made = [element("div", classes.time, formatTime(ms, zone) + (zone === "utc" ? " UTC" : ""))];
  for (const { field, value, isNearest } of shown) {
    const row = element("div", isNearest ? `${classes.row} ${classes.nearest}` : classes.row);
    const swatch = element("span", classes.swatch);
    swatch.style.background = field.color;
    row.append(
      swatch,
      element("span", classes.name, field.name),
      element("span", classes.value, valueText(value, field.config, zone)),
    );
    made.push(row);
  }
  const left = rows.length - shown.length;
  if (left > 0) made.push(element("div", classes.time, `and ${left} more`));
  return made;
}

/** What happened at the pointer. */
export function eventContent(events: readonly AnnotationEvent[], zone: Zone, scheme: Scheme): HTMLElement[] {
  const made = events.slice(0, EVENTS_MAX).map((event) => {
    const block = element("div", classes.event);
    block.style.borderColor = eventColor(event, scheme);
    block.append(
      element("div", classes.nearest, event.title),
      element("div", classes.time, spanText(event, zone)),
      ...(event.text === "" ? [] : [element("div", classes.words, event.text)]),
      ...(event.tags.length === 0 ? [] : [element("div", classes.time, event.tags.join(", "))]),
    );
    return block;
  });
  const left = events.length - made.length;
  return left > 0 ? [...made, element("div", classes.time, `and ${left} more`)] : made;
}
