/** An instant query's answer as rows of a table. Pure. */
import type { HistogramValue, Labels, QueryData, SamplePair } from "../api";

export interface TableRow {
  /** Null for scalars and strings, which have no labels. */
  labels: Labels | null;
  kind: QueryData["resultType"];
  /** As the host printed it: the table is the exact view. */
  value: string;
  /** Where the value is a native histogram: `value` sums it up. */
  histogram?: HistogramValue;
}

/** A range selector's samples are shown up to this many a series. */
const SAMPLES_SHOWN_MAX = 100;

export function toTableRows(data: QueryData): TableRow[] {
  switch (data.resultType) {
    case "scalar":
    case "string":
      return [{ labels: null, kind: data.resultType, value: data.result[1] }];
    case "vector":
      return data.result.map(({ metric, value, histogram }) => {
        const row = { labels: metric, kind: "vector" } as const;
        if (!histogram) return { ...row, value: value?.[1] ?? "" };
        return { ...row, value: histogramText(histogram[1]), histogram: histogram[1] };
      });
    case "matrix":
      return data.result.map((series) => {
        const lines = [
          ...(series.values ?? []).map(sampleText),
          ...(series.histograms ?? []).map(([at, value]) => `${histogramText(value)} @${at}`),
        ];
        const left = lines.length - SAMPLES_SHOWN_MAX;
        const shown = left > 0 ? [...lines.slice(0, SAMPLES_SHOWN_MAX), `… and ${left} more`] : lines;
        return { labels: series.metric, kind: "matrix", value: shown.join("\n") };
      });
  }
}

function sampleText([at, value]: SamplePair): string {
  return `${value} @${at}`;
}

function histogramText(histogram: HistogramValue): string {
  const buckets = histogram.buckets?.length ?? 0;
  return `count ${histogram.count}, sum ${histogram.sum}, ${buckets} buckets`;
}
