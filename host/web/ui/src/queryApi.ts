/** Calls of the query page: what an expression is, what it costs, and what there is to ask for. */
import { QUERY_TIMEOUT_MS, request, type Answer, type Labels } from "./api";
import type { ExprNode } from "./promql/ast";

export interface ExemplarSeries {
  seriesLabels: Labels;
  /** `timestamp` in seconds. */
  exemplars: { labels: Labels; value: string; timestamp: number }[];
}

/** What an operator and all below it are expected to cost, known without reading samples. */
export interface PlanEstimate {
  series: number;
  /** At most. */
  samples: number;
  /** At most. */
  rows: number;
  heldBytes: number;
}

/** What came of an operator when the query was run, all below it included. */
export interface PlanActual {
  rows: number;
  values: number;
  bytes: number;
  samples: number;
  seconds: number;
}

export interface PlanNode {
  operator: string;
  detail: string;
  /** The part of the query that it comes from; `position` counts bytes of UTF-8. */
  query: string;
  position: { start: number; end: number };
  steps: number;
  estimate: PlanEstimate;
  actual?: PlanActual;
  inputs: PlanNode[];
}

export interface Explanation {
  query: string;
  estimate: PlanEstimate;
  memoryLimitBytes: number;
  isWithinMemoryLimit: boolean;
  plan: PlanNode;
  /** Only where the query was run. */
  actual?: { series: number; samples: number; peakSamples: number; peakBytes: number; seconds: number };
}

/** When a query is evaluated, in seconds. */
export type QueryTimes = { time: number } | { start: number; end: number; step: number };

export interface MetricMetadata {
  type: string;
  help: string;
}

/** The exemplars of all series that a query selects; null stands for none. */
export function queryExemplars(
  params: { query: string; start: number; end: number },
  signal: AbortSignal,
): Promise<Answer<ExemplarSeries[] | null>> {
  const form = { query: params.query, start: String(params.start), end: String(params.end) };
  return request("query_exemplars", { signal, form, timeoutMs: QUERY_TIMEOUT_MS });
}

/** The plan of a query; with `analyze` the query is run, and its operators are measured. */
export function explainQuery(
  params: { query: string; times: QueryTimes; analyze: boolean },
  signal: AbortSignal,
): Promise<Answer<Explanation>> {
  const form: Record<string, string> = { query: params.query };
  for (const [name, seconds] of Object.entries(params.times)) form[name] = String(seconds);
  if (params.analyze) form["analyze"] = "true";
  return request("query_explain", { signal, form, timeoutMs: QUERY_TIMEOUT_MS });
}

export function formatQuery(query: string, signal: AbortSignal): Promise<Answer<string>> {
  return request("format_query", { signal, form: { query } });
}

export function parseQuery(query: string, signal: AbortSignal): Promise<Answer<ExprNode>> {
  return request("parse_query", { signal, form: { query } });
}

/** What scraping told of one metric. */
export function getMetadataOf(metric: string, signal: AbortSignal): Promise<Answer<Record<string, MetricMetadata[]>>> {
  return request(`metadata?${new URLSearchParams({ metric, limit_per_metric: "1" })}`, { signal });
}

/** The series that a selector selects, since a time in milliseconds; `limit` of them at most. */
export function getSeries(
  params: { selector: string; sinceMs: number; limit: number },
  signal: AbortSignal,
): Promise<Answer<Labels[]>> {
  const form = { "match[]": params.selector, start: String(params.sinceMs / 1000), limit: String(params.limit) };
  return request("series", { signal, form });
}

export function getMetadata(signal: AbortSignal): Promise<Answer<Record<string, MetricMetadata[]>>> {
  return request("metadata?limit_per_metric=1", { signal });
}
