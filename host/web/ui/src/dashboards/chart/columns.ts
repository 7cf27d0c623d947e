/**
 * Fields as columns for uPlot: one time axis for all, whatever the steps of their queries. Null is a hole in a
 * line; undefined is a moment at which only other series have a sample, over which the line goes on. Pure.
 */
import type { Field } from "../data/fields";
import type { Series } from "../data/series";

export type Column = (number | null | undefined)[];

export interface Columns {
  /** Seconds since the epoch. */
  times: number[];
  /** One column a field: what the host answered. */
  values: Column[];
  /** What is drawn of it: turned over, stacked, in shares. */
  drawn: Column[];
  /** For each drawn column that is filled down to another one: which. */
  below: (number | null)[];
}

/** How far apart samples may be before there is a hole, in steps. */
const GAP_STEPS = 1.5;

export function toColumns(fields: readonly Field[], isVisible: (index: number) => boolean): Columns {
  const times = timeAxis(fields);
  const at = new Map(times.map((time, index) => [time, index]));
  const values = fields.map((field) => toColumn(field, times, at));
  const { drawn, below } = stack(fields, times, values, isVisible);
  return { times: times.map((time) => time / 1000), values, drawn, below };
}

/** All times at which some series has a sample, and one in each hole, so that it can be seen. */
function timeAxis(fields: readonly Field[]): number[] {
  const times = new Set<number>();
  for (const { series, config } of fields) {
    series.times.forEach((time, index) => {
      times.add(time);
      const next = series.times[index + 1];
      if (next !== undefined && isGap(series, time, next, config.graph.spanNulls))
        times.add(time + (series.stepMs ?? 1));
    });
  }
  return [...times].sort((a, b) => a - b);
}

function isGap(series: Series, time: number, next: number, spanNulls: boolean | number): boolean {
  if (spanNulls === true || series.stepMs === null) return false;
  const longest = typeof spanNulls === "number" ? spanNulls : series.stepMs * GAP_STEPS;
  return next - time > longest;
}

function toColumn({ series, config }: Field, times: readonly number[], at: ReadonlyMap<number, number>): Column {
  const column = new Array<number | null | undefined>(times.length).fill(undefined);
  series.times.forEach((time, index) => {
    const position = at.get(time) ?? 0;
    const value = series.values[index] ?? null;
    column[position] =
      value !== null && Number.isFinite(value) ? value : config.graph.spanNulls === true ? undefined : null;
    const next = series.times[index + 1];
    if (next === undefined || !isGap(series, time, next, config.graph.spanNulls)) return;
    for (let hole = position + 1; (times[hole] ?? next) < next; hole += 1) column[hole] = null;
  });
  endColumn(column, times, series);
  return column;
}

/** A series that has ended has nothing at later moments of others, once its next sample is overdue. */
function endColumn(column: Column, times: readonly number[], series: Series): void {
  const last = series.times.at(-1);
  if (last === undefined) return;
  const overdue = last + (series.stepMs ?? 0) * GAP_STEPS;
  for (let at = times.length - 1; at >= 0 && (times[at] ?? last) > overdue; at -= 1) column[at] = null;
}

interface Stack {
  sums: number[];
  /** The last column that was put on it. */
  top: number | null;
}

/** Each field of a stack on top of the ones before it. A hole adds nothing, and stays a hole in its own line. */
function stack(
  fields: readonly Field[],
  times: readonly number[],
  samples: readonly Column[],
  isVisible: (index: number) => boolean,
): Pick<Columns, "drawn" | "below"> {
  const values = samples.map((column, index) => (isStackedLine(fields[index]) ? bridged(column, times) : column));
  const totals = shareTotals(fields, values, isVisible);
  const stacks = new Map<string, Stack>();
  const below: (number | null)[] = [];
  const drawn = fields.map((field, index): Column => {
    const { graph } = field.config;
    const column = values[index] ?? [];
    const sign = graph.isNegative ? -1 : 1;
    below.push(null);
    if (!isVisible(index)) return column.map(() => null);
    if (graph.stacking === "none") return sign === 1 ? column : column.map((value) => negated(value));
    const key = stackKey(field);
    const found = stacks.get(key) ?? { sums: column.map(() => 0), top: null };
    stacks.set(key, found);
    below[index] = found.top;
    found.top = index;
    return column.map((value, at) => {
      if (value === null || value === undefined) return value;
      const share = graph.stacking === "percent" ? value / (totals.get(key)?.[at] || 1) : value;
      const sum = (found.sums[at] ?? 0) + share * sign;
      found.sums[at] = sum;
      return sum;
    });
  });
  return { drawn, below };
}

function isStackedLine(field: Field | undefined): boolean {
  return field !== undefined && field.config.graph.stacking !== "none" && field.config.graph.draw === "line";
}

/**
 * A line of a stack has a value also where only others have a sample: that of the way from one of its samples to
 * the next, and before a hole and at the end that of its last one. Else what lies on it would fall down at those moments.
 */
function bridged(column: Column, times: readonly number[]): Column {
  const whole = [...column];
  let from = -1;
  const bridge = (to: number) => {
    const [start, end] = [column[from], column[to]];
    if (typeof start !== "number") return;
    const [begin, span] = [times[from] ?? 0, (times[to] ?? 0) - (times[from] ?? 0)];
    const rise = typeof end === "number" ? (end - start) / span : 0;
    for (let at = from + 1; at < to; at += 1) whole[at] = start + rise * ((times[at] ?? begin) - begin);
  };
  column.forEach((value, to) => {
    if (value === undefined) return;
    bridge(to);
    from = to;
  });
  bridge(column.length);
  return whole;
}

function stackKey({ config: { graph } }: Field): string {
  return `${graph.stacking} ${graph.stackGroup} ${graph.isNegative}`;
}

function shareTotals(
  fields: readonly Field[],
  values: readonly Column[],
  isVisible: (index: number) => boolean,
): Map<string, number[]> {
  const totals = new Map<string, number[]>();
  fields.forEach((field, index) => {
    if (field.config.graph.stacking !== "percent" || !isVisible(index)) return;
    const column = values[index] ?? [];
    const sums = totals.get(stackKey(field)) ?? column.map(() => 0);
    column.forEach((value, at) => {
      sums[at] = (sums[at] ?? 0) + (value ?? 0);
    });
    totals.set(stackKey(field), sums);
  });
  return totals;
}

function negated(value: number | null | undefined): number | null | undefined {
  return typeof value === "number" ? -value : value;
}

/** The value that a column shows at a moment: that of its own last sample where others have some in between. */
export function valueAt(column: Column, at: number): number | null {
  let index = at;
  while (index >= 0 && column[index] === undefined) index -= 1;
  return column[index] ?? null;
}

/** Where a series has samples. */
export function samplePoints(column: Column): number[] {
  return column.flatMap((value, at) => (typeof value === "number" ? [at] : []));
}

/** Samples between two holes have no line: they get a dot. */
export function lonelyPoints(column: Column): number[] {
  const neighbor = (at: number, step: 1 | -1) => {
    let index = at + step;
    while (index >= 0 && index < column.length && column[index] === undefined) index += step;
    return column[index] ?? null;
  };
  return column.flatMap((value, at) =>
    typeof value === "number" && neighbor(at, 1) === null && neighbor(at, -1) === null ? [at] : [],
  );
}
