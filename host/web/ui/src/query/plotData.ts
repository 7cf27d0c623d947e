/**
 * A range query's answer as columns for uPlot: one time axis for all series, a hole where a series
 * has no sample. Pure.
 */
import type { Labels, QueryData, RangeSeries } from "../api";
import { formatSeries } from "../format/labels";
import { formatTime, type Zone } from "../format/time";
import { count, parseValue } from "../format/value";
import type { Window } from "./step";

/** More lines than this are neither readable nor quick to draw. */
export const SERIES_DRAWN_MAX = 500;

export interface PlotSeries {
  /** The series in PromQL's notation; unique within an answer. */
  name: string;
  labels: Labels;
  /** One value per time; null where there is none. Infinities and NaN are kept. */
  values: (number | null)[];
}

export interface PlotData {
  /** Seconds since the epoch, one per step. */
  times: number[];
  series: PlotSeries[];
  /** Series of the answer that are not in `series`. */
  cutSeries: number;
  /** Series that hold native histograms, which this chart cannot draw. */
  histogramSeries: number;
}

export function toPlotData(data: QueryData, window: Window): PlotData {
  const points = Math.floor((window.endMs - window.startMs) / window.stepMs) + 1;
  const times = Array.from({ length: points }, (_, index) => (window.startMs + index * window.stepMs) / 1000);
  const all = seriesOf(data);
  const plottable = all.filter((each) => (each.values?.length ?? 0) > 0);
  const drawn = plottable.slice(0, SERIES_DRAWN_MAX);
  return {
    times,
    series: drawn.map((each) => toColumn(each, times.length, window)),
    cutSeries: plottable.length - drawn.length,
    histogramSeries: all.filter((each) => (each.histograms?.length ?? 0) > 0).length,
  };
}

function seriesOf(data: QueryData): RangeSeries[] {
  return data.resultType === "matrix" ? data.result : [];
}

function toColumn(series: RangeSeries, points: number, window: Window): PlotSeries {
  const values = new Array<number | null>(points).fill(null);
  for (const [seconds, text] of series.values ?? []) {
    const index = Math.round((seconds * 1000 - window.startMs) / window.stepMs);
    if (index >= 0 && index < points) values[index] = parseValue(text);
  }
  return { name: formatSeries(series.metric), labels: series.metric, values };
}

/** What a graph is called where it is not seen: the legend below it names the series. */
export function graphName(shown: number, all: number, window: Window, zone: Zone): string {
  const series = shown === all ? count(all, "series", "series") : `${shown} of ${count(all, "series", "series")}`;
  return `Graph of ${series} from ${formatTime(window.startMs, zone)} to ${formatTime(window.endMs, zone)}`;
}

/** The columns that are drawn: what cannot be drawn becomes a hole. */
export function toDrawable(values: readonly (number | null)[]): (number | null)[] {
  return values.map((value) => (value !== null && Number.isFinite(value) ? value : null));
}

/**
 * Each visible series on top of the ones before it. A hole adds nothing to the stack, and stays a hole
 * in its own line. Hidden series are passed through as holes.
 */
export function stack(columns: readonly (number | null)[][], isVisible: (index: number) => boolean): (number | null)[][] {
  const points = columns[0]?.length ?? 0;
  const sums = new Array<number>(points).fill(0);
  return columns.map((column, index) => {
    if (!isVisible(index)) return new Array<number | null>(points).fill(null);
    return column.map((value, at) => {
      if (value === null) return null;
      const sum = (sums[at] ?? 0) + value;
      sums[at] = sum;
      return sum;
    });
  });
}
