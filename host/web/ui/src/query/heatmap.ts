/**
 * A heatmap: rows are ranges of values, columns are steps, and a cell is how much was seen there. Buckets
 * of several histograms, and of one whose resolution changed, are put on the same rows. Pure.
 */
import type { Bucket, HistogramSeries } from "./histograms";

/** More rows than this are thinner than two pixels. */
export const ROWS_MAX = 180;

/** A row of a native histogram is at least this much of the usual one, and at most that. */
const HEIGHT_MIN = 0.25;
const HEIGHT_MAX = 8;

/** Bounds that differ less than this are the same, printed twice. */
const SAME = 1e-9;

/** Where values are: `bounds[i]` is at the height `edges[i]`. Both ascend; there is one more than rows. */
export interface Rows {
  bounds: number[];
  edges: number[];
}

export interface Heatmap {
  rows: Rows;
  /** One list a step with a count a row; null where there is no sample. */
  columns: (number[] | null)[];
  /** The largest count of a cell. */
  most: number;
}

export function toHeatmap(series: readonly HistogramSeries[], isVisible: (index: number) => boolean): Heatmap {
  const rows = toRows(series);
  const visible = series.filter((_, index) => isVisible(index));
  const steps = series[0]?.columns.length ?? 0;
  const columns = Array.from({ length: steps }, (_, step) => {
    const parts = visible.flatMap((each) => each.columns[step] ?? []);
    if (visible.every((each) => (each.columns[step] ?? null) === null)) return null;
    return spread(rows, parts);
  });
  const most = columns.reduce((max, column) => (column ?? []).reduce((a, b) => Math.max(a, b), max), 0);
  return { rows, columns, most };
}

/** Rows for all buckets of all series, so that they stay where they are when a series is hidden. */
function toRows(series: readonly HistogramSeries[]): Rows {
  const all = new Set<number>();
  for (const { columns } of series) {
    for (const buckets of columns) {
      for (const { low, high } of buckets ?? []) all.add(low).add(high);
    }
  }
  const bounds = [...all].sort((a, b) => a - b).filter((bound, index, sorted) => !isSame(bound, sorted[index - 1]));
  const isOrdinal = series.every((each) => each.kind === "classic");
  return thinned({ bounds, edges: edgesOf(bounds, isOrdinal) });
}

function isSame(bound: number, before: number | undefined): boolean {
  return before !== undefined && Number.isFinite(bound) && Math.abs(bound - before) <= SAME * Math.abs(bound);
}

/** Classic rows are equally high. Native ones are as high as their factor, within reason. */
function edgesOf(bounds: readonly number[], isOrdinal: boolean): number[] {
  const factors = bounds.slice(1).map((high, index) => factorOf(bounds[index] ?? 0, high));
  const known = factors.filter((factor) => factor !== null).sort((a, b) => a - b);
  const usual = known[Math.floor(known.length / 2)] ?? 1;
  let edge = 0;
  const edges = factors.map((factor) => {
    const height = isOrdinal || factor === null ? 1 : factor / usual;
    edge += Math.min(HEIGHT_MAX, Math.max(HEIGHT_MIN, height));
    return edge;
  });
  return bounds.length === 0 ? [] : [0, ...edges];
}

/** The logarithm of the factor between two bounds; null where there is none, as around zero. */
function factorOf(low: number, high: number): number | null {
  const factor = Math.log(low > 0 ? high / low : low / high);
  return low * high > 0 && Number.isFinite(factor) ? factor : null;
}

/** Neighbors are put together until few enough rows are left. */
function thinned({ bounds, edges }: Rows): Rows {
  const every = Math.ceil((bounds.length - 1) / ROWS_MAX);
  if (every <= 1) return { bounds, edges };
  const isKept = (_: unknown, index: number) => index % every === 0 || index === bounds.length - 1;
  return { bounds: bounds.filter(isKept), edges: edges.filter(isKept) };
}

/** The row that a height is in; heights outside are in the row next to them. */
export function rowAt({ edges }: Rows, height: number): number {
  let row = 0;
  while (row < edges.length - 2 && (edges[row + 1] ?? 0) <= height) row += 1;
  return row;
}

/** The height of a value; outside of the bounds it is the outermost one. */
export function heightOf({ bounds, edges }: Rows, value: number): number {
  let [first, last] = [0, bounds.length - 1];
  if (last < 0 || value <= (bounds[first] ?? 0)) return edges[0] ?? 0;
  if (value >= (bounds[last] ?? 0)) return edges[last] ?? 0;
  while (last - first > 1) {
    const middle = (first + last) >> 1;
    if ((bounds[middle] ?? 0) <= value) first = middle;
    else last = middle;
  }
  const [low, high] = [bounds[first] ?? 0, bounds[last] ?? 0];
  const [from, to] = [edges[first] ?? 0, edges[last] ?? 0];
  return from + (to - from) * within(low, high, value);
}

/** How far `value` is from `low` to `high`: by factor where it can be, in the middle next to infinity. */
function within(low: number, high: number, value: number): number {
  if (value === low) return 0;
  if (!Number.isFinite(low) || !Number.isFinite(high)) return 0.5;
  const [whole, part] = [factorOf(low, high), factorOf(low, value)];
  const share = whole === null || part === null ? (value - low) / (high - low) : part / whole;
  return Math.min(1, Math.max(0, share));
}

/** Adds buckets to rows. What is wider than a row is shared out by height. */
function spread(rows: Rows, buckets: readonly Bucket[]): number[] {
  const { edges } = rows;
  const counts = new Array<number>(Math.max(0, edges.length - 1)).fill(0);
  for (const { low, high, count } of buckets) {
    const [from, to] = [heightOf(rows, low), heightOf(rows, high)];
    if (count === 0 || to <= from) continue;
    for (let row = rowAt(rows, from); row < counts.length && (edges[row] ?? 0) < to; row += 1) {
      const overlap = Math.min(to, edges[row + 1] ?? 0) - Math.max(from, edges[row] ?? 0);
      if (overlap > 0) counts[row] = (counts[row] ?? 0) + (count * overlap) / (to - from);
    }
  }
  return counts;
}

/** How much color a count has, from 0 to 1. The root shows small counts beside large ones. */
export function intensity(count: number, most: number): number {
  return count > 0 && most > 0 ? Math.sqrt(Math.min(1, count / most)) : 0;
}

/** The bounds that are written at the axis: as many as have room, `distance` apart at least. */
export function labeledBounds(rows: Rows, distance: number): number[] {
  const labeled: number[] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (const edge of rows.edges) {
    if (edge - last < distance) continue;
    labeled.push(edge);
    last = edge;
  }
  return labeled;
}
