/**
 * Histograms in a range query's answer, native ones and classic ones (series that differ in `le` alone),
 * as buckets at each step. Pure.
 */
import type { HistogramValue, Labels, QueryData, RangeSeries } from "../api";
import { formatSeries } from "../format/labels";
import { parseValue } from "../format/value";
import type { Window } from "./step";

/** What was seen between two bounds, these included or not. */
export interface Bucket {
  low: number;
  high: number;
  count: number;
}

export interface HistogramSeries {
  /** In PromQL's notation, without `le`; unique within an answer. */
  name: string;
  labels: Labels;
  /** Classic buckets are chosen by people, native ones grow by a factor. */
  kind: "classic" | "native";
  /** One list of buckets a step, in ascending order; null where there is no sample. */
  columns: (Bucket[] | null)[];
}

export function toHistograms(data: QueryData, window: Window): HistogramSeries[] {
  if (data.resultType !== "matrix") return [];
  const steps = Math.floor((window.endMs - window.startMs) / window.stepMs) + 1;
  const stepOf = (seconds: number): number | null => {
    const step = Math.round((seconds * 1000 - window.startMs) / window.stepMs);
    return step >= 0 && step < steps ? step : null;
  };
  const native = data.result.flatMap((series) => toNative(series, steps, stepOf));
  return [...native, ...toClassic(data.result, steps, stepOf)];
}

type StepOf = (seconds: number) => number | null;

function toNative(series: RangeSeries, steps: number, stepOf: StepOf): HistogramSeries[] {
  if (!series.histograms || series.histograms.length === 0) return [];
  const columns = new Array<Bucket[] | null>(steps).fill(null);
  for (const [seconds, value] of series.histograms) {
    const step = stepOf(seconds);
    if (step !== null) columns[step] = nativeBuckets(value);
  }
  return [{ name: formatSeries(series.metric), labels: series.metric, kind: "native", columns }];
}

/** The buckets of one native histogram, in ascending order. */
export function nativeBuckets(value: HistogramValue): Bucket[] {
  return (value.buckets ?? [])
    .map(([, low, high, count]) => ({ low: parseValue(low), high: parseValue(high), count: parseValue(count) }))
    .filter((bucket) => bucket.high > bucket.low && Number.isFinite(bucket.count))
    .sort((a, b) => a.low - b.low);
}

/** The upper bounds of one histogram: what is at most that, at each step. */
interface Bound {
  le: number;
  totals: (number | null)[];
}

function toClassic(all: readonly RangeSeries[], steps: number, stepOf: StepOf): HistogramSeries[] {
  const groups = new Map<string, { labels: Labels; bounds: Bound[] }>();
  for (const series of all) {
    const le = parseValue(series.metric["le"] ?? "");
    if (Number.isNaN(le) || !series.values) continue;
    const { le: _, ...labels } = series.metric;
    const name = formatSeries(labels);
    const group = groups.get(name) ?? { labels, bounds: [] };
    groups.set(name, group);
    const totals = new Array<number | null>(steps).fill(null);
    for (const [seconds, text] of series.values) {
      const step = stepOf(seconds);
      const total = parseValue(text);
      if (step !== null && Number.isFinite(total)) totals[step] = total;
    }
    group.bounds.push({ le, totals });
  }
  return [...groups].map(([name, { labels, bounds }]) => {
    bounds.sort((a, b) => a.le - b.le);
    const columns = Array.from({ length: steps }, (_, step) => classicBuckets(bounds, step));
    return { name, labels, kind: "classic", columns };
  });
}

/** Each bound counts all below it: a bucket is what it has more than the one before. */
function classicBuckets(bounds: readonly Bound[], step: number): Bucket[] | null {
  const buckets: Bucket[] = [];
  let low = Number.NEGATIVE_INFINITY;
  let below = 0;
  for (const { le, totals } of bounds) {
    const total = totals[step] ?? null;
    if (total === null || le === low) continue;
    // Buckets are scraped one after the other, and rates of them are estimates: less than none is none.
    buckets.push({ low, high: le, count: Math.max(0, total - below) });
    low = le;
    below = Math.max(below, total);
  }
  return buckets.length === 0 ? null : buckets;
}
