/** Answers of queries as series with names and numbers. Pure. */
import type { Labels, QueryData } from "../../api";
import { parseValue } from "../../format/value";
import { legendNames } from "./legend";
import type { PanelQuery } from "./queries";
import type { Cell, Column, Table } from "./table";

export interface Series {
  refId: string;
  name: string;
  labels: Labels;
  /** Milliseconds since the epoch, ascending. */
  times: number[];
  values: (number | null)[];
  /** The distance of samples where none is missing; null for a single sample. */
  stepMs: number | null;
  /** How the samples are shown where the target asks for a table. */
  isTable: boolean;
  /** The column that it is, where transformations made it; `cells` are its values of whatever type. */
  from?: { table: Table; column: Column; cells: readonly Cell[] };
}

export interface SeriesSet {
  series: Series[];
  /** Series that hold native histograms, which heatmaps draw. */
  histograms: number;
}

export function toSeries(query: PanelQuery, data: QueryData, atMs: number): SeriesSet {
  const all = samplesOf(data, atMs);
  const numeric = all.filter((each) => each.times.length > 0);
  const names = legendNames(
    query.legend,
    query.expr,
    numeric.map((each) => each.labels),
  );
  const series = numeric.map((each, index) => ({
    ...each,
    refId: query.refId,
    name: names[index] ?? "",
    stepMs: query.isInstant ? null : query.stepMs,
    isTable: query.format === "table",
  }));
  return { series, histograms: all.length - numeric.length };
}

type Samples = Pick<Series, "labels" | "times" | "values">;

function samplesOf(data: QueryData, atMs: number): Samples[] {
  switch (data.resultType) {
    case "matrix":
      return data.result.map(({ metric, values = [] }) => ({
        labels: metric,
        times: values.map(([seconds]) => Math.round(seconds * 1000)),
        values: values.map(([, text]) => parseValue(text)),
      }));
    case "vector":
      return data.result.map(({ metric, value }) => ({
        labels: metric,
        times: value ? [Math.round(value[0] * 1000)] : [],
        values: value ? [parseValue(value[1])] : [],
      }));
    case "scalar":
      return [{ labels: {}, times: [Math.round(data.result[0] * 1000)], values: [parseValue(data.result[1])] }];
    case "string":
      return [{ labels: { value: data.result[1] }, times: [atMs], values: [null] }];
  }
}
