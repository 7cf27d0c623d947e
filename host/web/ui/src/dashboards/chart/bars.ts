/** Fields of one table as groups of bars: where each begins and ends on the axis of values, and what the axis says. Pure. */
import { formatTime, type Zone } from "../../format/time";
import { cellsOf, typeOf } from "../data/drawn";
import type { Field } from "../data/fields";
import type { Cell } from "../data/table";
import { text, type Json } from "../json";
import { showValue, valueText, type DisplayContext } from "../values/display";
import { joinFormatted } from "../values/units";
import { axesOf, tickDistances, tickTexts, valueRange } from "./axes";

export interface Bar {
  field: Field;
  /** Which of the fields it is of: bars of a group stand beside each other, or on each other. */
  place: number;
  from: number;
  to: number;
  text: string;
  color: string;
}

export interface BarGroup {
  name: string;
  bars: Bar[];
}

export interface BarGroups {
  groups: BarGroup[];
  /** Of which there is a bar in each group. */
  fields: Field[];
  /** How many bars stand beside each other in a group. */
  lanes: number;
}

export type Stacking = "none" | "normal" | "percent";

export function barGroups(fields: readonly Field[], options: Json, context: DisplayContext): BarGroups {
  const stacking = stackingOf(options["stacking"]);
  const named = namingField(fields, text(options["xField"]));
  const shown = fields.filter((field) => field !== named && typeOf(field.series) === "number" && !field.config.graph.isHidden);
  const colorField = fields.find((field) => field.name === text(options["colorByField"]) && field.name !== "");
  const rows = Math.max(0, ...shown.map((field) => cellsOf(field.series).length));
  const times = named && typeOf(named.series) === "time" ? shortTimes(cellsOf(named.series), context.zone) : null;
  const groups = Array.from({ length: rows }, (_, row): BarGroup => {
    const color = colorField ? colorOfRow(colorField, row, context) : null;
    const bars = shown.flatMap((field, place): Bar[] => {
      const value = field.series.values[row] ?? null;
      if (value === null || !Number.isFinite(value)) return [];
      const known = showValue(value, field.config, field.bounds, field.index, context);
      const hasOwn = ["", "fixed", "shades"].includes(field.config.colorMode) || field.config.colorMode.startsWith("palette");
      return [{ field, place, from: 0, to: value, text: joinFormatted(known), color: color ?? (hasOwn ? field.color : known.color) }];
    });
    return { name: times?.[row] ?? nameOf(named, row, context.zone), bars: stacking === "none" ? bars : stacked(bars, stacking) };
  });
  return { groups, fields: shown, lanes: stacking === "none" ? Math.max(1, shown.length) : 1 };
}

export function stackingOf(value: unknown): Stacking {
  return value === "normal" || value === "percent" ? value : "none";
}

/** The field that names the groups: the one that is told, else the first of texts, else the times. */
function namingField(fields: readonly Field[], told: string): Field | null {
  const ofType = (type: string) => fields.find((field) => typeOf(field.series) === type);
  return fields.find((field) => field.name === told && told !== "") ?? ofType("string") ?? ofType("time") ?? null;
}

function nameOf(field: Field | null, row: number, zone: Zone): string {
  if (!field) return String(row + 1);
  return valueText(cellsOf(field.series)[row] ?? null, field.config, zone);
}

/** Times without what is the same for all: the day, and seconds that are none. */
function shortTimes(cells: readonly Cell[], zone: Zone): string[] {
  const texts = cells.map((cell) => (typeof cell === "number" ? formatTime(cell, zone) : ""));
  const [day] = texts[0]?.split(" ") ?? [];
  const isOneDay = texts.every((each) => each.startsWith(`${day} `));
  const isWhole = texts.every((each) => each.endsWith(":00"));
  return texts.map((each) => each.slice(isOneDay ? (day?.length ?? 0) + 1 : 0, isWhole ? -3 : undefined));
}

function colorOfRow(field: Field, row: number, context: DisplayContext): string {
  return showValue(cellsOf(field.series)[row] ?? null, field.config, field.bounds, row, context).color;
}

/** Positive values upwards and negative ones downwards, each on the ones before it. */
function stacked(bars: readonly Bar[], stacking: Stacking): Bar[] {
  const whole = stacking === "percent" ? bars.reduce((sum, bar) => sum + Math.abs(bar.to), 0) || 1 : 1;
  const ends = { up: 0, down: 0 };
  return bars.map((bar) => {
    const side = bar.to < 0 ? "down" : "up";
    const from = ends[side];
    ends[side] += bar.to / whole;
    return { ...bar, from, to: ends[side] };
  });
}

export interface BarAxis {
  min: number;
  max: number;
  ticks: { value: number; text: string }[];
}

/** The axis of values: round distances, as many as there is room for. */
export function barAxis({ groups, fields }: BarGroups, stacking: Stacking, ticksMax: number, zone: Zone): BarAxis {
  const stacks = fields.map((field) => ({
    ...field,
    config: { ...field.config, graph: { ...field.config.graph, draw: "bars" as const, stacking } },
  }));
  const [axis] = axesOf(stacks).axes;
  if (!axis) return { min: 0, max: 1, ticks: [] };
  const ends = groups.flatMap(({ bars }) => bars.flatMap(({ from, to }) => [from, to]));
  const linear = { ...axis, logBase: null };
  const [min, max] =
    stacking === "percent" && ends.every((end) => end >= 0)
      ? [0, 1]
      : valueRange(ends.length === 0 ? null : Math.min(...ends), ends.length === 0 ? null : Math.max(...ends), linear);
  const step = roundStep((max - min) / Math.max(1, ticksMax), tickDistances(axis.unit));
  const first = Math.ceil(min / step - 1e-9);
  const values = Array.from({ length: Math.max(0, Math.floor(max / step + 1e-9) - first + 1) }, (_, index) => (first + index) * step);
  const texts = tickTexts(values, axis, zone);
  return { min, max, ticks: values.map((value, index) => ({ value, text: texts[index] ?? "" })) };
}

/** The smallest round distance that is no less than `least`. */
function roundStep(least: number, distances: readonly number[] | null): number {
  const found = distances?.find((distance) => distance >= least);
  if (found !== undefined) return found;
  const power = 10 ** Math.floor(Math.log10(least));
  return ([1, 2, 5].find((factor) => factor * power >= least) ?? 10) * power;
}
