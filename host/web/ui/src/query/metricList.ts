/** The metrics that exist, with what is known about them. Pure. */
import { matchesFilter } from "../format/labels";
import type { MetricMetadata } from "../queryApi";

export interface Metric {
  name: string;
  /** Empty where scraping told nothing. */
  type: string;
  help: string;
}

/** Suffixes of the series that one histogram or summary becomes; metadata stands under the name before. */
const SUFFIXES = ["_bucket", "_count", "_sum", "_total", "_created"];

export function metricList(names: readonly string[], metadata: Readonly<Record<string, MetricMetadata[]>>): Metric[] {
  return names.map((name) => {
    const known = findMetadata(name, metadata);
    return { name, type: known?.type ?? "", help: known?.help ?? "" };
  });
}

/** Metrics that pass the filter: those whose name begins with it first, then by name. */
export function filterMetrics(metrics: readonly Metric[], filter: string): Metric[] {
  const start = filter.trim().toLowerCase();
  const passing = metrics.filter((metric) => matchesFilter(filter, [metric.name, metric.type, metric.help]));
  if (start === "") return passing;
  const isFirst = (metric: Metric) => metric.name.toLowerCase().startsWith(start);
  return [...passing.filter(isFirst), ...passing.filter((metric) => !isFirst(metric))];
}

/** What is known of a metric, by its own name or by that of the histogram or summary it is a part of. */
export function findMetadata(
  name: string,
  metadata: Readonly<Record<string, MetricMetadata[]>>,
): MetricMetadata | undefined {
  return metadata[name]?.[0] ?? metadata[familyName(name)]?.[0];
}

/** The name without what a series of a histogram or summary has at its end. */
export function familyName(name: string): string {
  const suffix = SUFFIXES.find((each) => name.endsWith(each));
  return suffix === undefined ? name : name.slice(0, -suffix.length);
}
