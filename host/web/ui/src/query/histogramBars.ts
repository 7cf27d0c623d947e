/** One native histogram as bars, and its buckets as text. Pure. */
import type { HistogramValue } from "../api";
import { toHeatmap } from "./heatmap";
import { nativeBuckets } from "./histograms";

export interface Bar {
  low: number;
  high: number;
  count: number;
  /** Where it stands and how wide it is, from 0 to 1. */
  left: number;
  width: number;
  /** How high it is, from 0 to 1: what is wider is lower for the same count. */
  height: number;
}

export function histogramBars(value: HistogramValue): Bar[] {
  const { rows, columns } = toHeatmap([{ name: "", labels: {}, kind: "native", columns: [nativeBuckets(value)] }], () => true);
  const whole = rows.edges.at(-1) ?? 1;
  const bars = (columns[0] ?? []).map((count, row) => {
    const [from, to] = [rows.edges[row] ?? 0, rows.edges[row + 1] ?? 0];
    const bounds = { low: rows.bounds[row] ?? 0, high: rows.bounds[row + 1] ?? 0 };
    return { ...bounds, count, left: from / whole, width: (to - from) / whole, height: count / (to - from) };
  });
  const highest = Math.max(...bars.map((bar) => bar.height));
  return bars.filter((bar) => bar.count > 0).map((bar) => ({ ...bar, height: bar.height / highest }));
}

/** Which bounds belong to a bucket, by the API's rule: only the right one, only the left one, none, both. */
const BRACKETS: Readonly<Record<number, readonly [left: string, right: string]>> = {
  0: ["(", "]"],
  1: ["[", ")"],
  2: ["(", ")"],
  3: ["[", "]"],
};

/** The buckets as the host printed them: range and count. */
export function bucketTexts(value: HistogramValue): [range: string, count: string][] {
  return (value.buckets ?? []).map(([rule, low, high, count]) => {
    const [left, right] = BRACKETS[rule] ?? ["(", ")"];
    return [`${left}${low}, ${high}${right}`, count];
  });
}
