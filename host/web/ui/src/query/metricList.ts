/** The metrics that exist, with what is known about them. Pure. */
import type { MetricMetadata } from "../api";
import { matchesFilter } from "../format/labels";

export interface Metric {
  name: string;
  /** Empty where scraping told nothing. */
  type: string;
  help: string;
}

/** Suffixes of the series that one histogram or summary becomes; metadata stands under the name before. */
const SUFFIXES = ["_bucket", "_count", "_sum", "_total", "_created"];

export function metricList(names: readonly string[], metadata: Readonly<Record<string, MetricMetadata[]>>): Metric[] {
  return [...names].sort().map((name) => {
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

function findMetadata(
  name: string,
  metadata: Readonly<Record<string, MetricMetadata[]>>,
): MetricMetadata | undefined {
  const own = metadata[name]?.[0];
  if (own) return own;
  const suffix = SUFFIXES.find((each) => name.endsWith(each));
  return suffix === undefined ? undefined : metadata[name.slice(0, -suffix.length)]?.[0];
}
