/** Asks the host for a panel and for variables. */
import { ApiError, getMetricNames, queryInstant, queryRange, type Answer, type QueryData } from "../../api";
import { getLabelNames, getLabelValues, getSeries } from "../../dashboardApi";
import { formatSeries } from "../../format/labels";
import type { TimeRange } from "../range";
import { resultText, type VariableQuery } from "../variables/query";
import type { PanelQuery } from "./queries";
import { toSeries, type Series } from "./series";

/** A target's answer as it came: histograms are drawn from it. */
export interface TargetAnswer {
  query: PanelQuery;
  data: QueryData;
}

export interface TargetError {
  refId: string;
  message: string;
  /** Whether the same may well succeed in a moment. */
  isTransient: boolean;
}

export interface PanelData {
  /** What was asked, filters included. */
  queries: PanelQuery[];
  series: Series[];
  answers: TargetAnswer[];
  histograms: number;
  /** What the host said of single targets; the others are shown. */
  errors: TargetError[];
}

/** All targets at once. What answered is shown; throws only where none did and the host may be away. */
export async function askPanel(queries: PanelQuery[], signal: AbortSignal): Promise<Answer<PanelData>> {
  const data: PanelData = { queries, series: [], answers: [], histograms: 0, errors: [] };
  const notes = { warnings: new Set<string>(), infos: new Set<string>() };
  const outcomes = await Promise.allSettled(queries.map((query) => askTarget(query, signal)));
  signal.throwIfAborted();
  const failures = outcomes.flatMap((each): unknown[] => (each.status === "rejected" ? [each.reason] : []));
  if (failures.length === outcomes.length) {
    const passing = failures.find(isTransient);
    if (passing !== undefined) throw passing;
  }
  outcomes.forEach((outcome, index) => {
    const query = queries[index];
    if (!query) return;
    if (outcome.status === "rejected") {
      data.errors.push(toTargetError(query, outcome.reason));
      return;
    }
    const found = toSeries(query, outcome.value.data, query.endMs);
    // One by one: a spread of very many series is more arguments than a call takes.
    for (const each of found.series) data.series.push(each);
    data.answers.push({ query, data: outcome.value.data });
    data.histograms += found.histograms;
    for (const each of outcome.value.warnings) notes.warnings.add(each);
    for (const each of outcome.value.infos) notes.infos.add(each);
  });
  return { data, warnings: [...notes.warnings], infos: [...notes.infos] };
}

function isTransient(reason: unknown): boolean {
  return reason instanceof ApiError && reason.isTransient;
}

function toTargetError({ refId }: PanelQuery, reason: unknown): TargetError {
  const message = reason instanceof Error ? reason.message : String(reason);
  return { refId, message, isTransient: isTransient(reason) };
}

function askTarget(query: PanelQuery, signal: AbortSignal) {
  const { expr, startMs, endMs, stepMs } = query;
  if (query.isInstant) return queryInstant({ query: expr, time: endMs / 1000 }, signal);
  return queryRange({ query: expr, start: startMs / 1000, end: endMs / 1000, step: stepMs / 1000 }, signal);
}

/** What a variable's query finds in a range. */
export async function askVariable(query: VariableQuery, range: TimeRange, signal: AbortSignal): Promise<string[]> {
  const scope = { start: range.fromMs / 1000, end: range.toMs / 1000 };
  switch (query.type) {
    case "labelNames":
      return (await getLabelNames({ ...scope, selector: query.selector }, signal)).data;
    case "labelValues":
      return (await getLabelValues(query.label, { ...scope, selector: query.selector }, signal)).data;
    case "metrics": {
      const { data } = await getMetricNames(signal);
      const pattern = new RegExp(query.pattern);
      return data.filter((name) => pattern.test(name));
    }
    case "series":
      if (query.selector === "") return [];
      return (await getSeries({ ...scope, selector: query.selector }, signal)).data.map(formatSeries);
    case "expression":
      return askExpression(query.expr, range, signal);
  }
}

async function askExpression(expr: string, range: TimeRange, signal: AbortSignal): Promise<string[]> {
  const { data } = await queryInstant({ query: expr, time: range.toMs / 1000 }, signal);
  if (data.resultType === "scalar" || data.resultType === "string") return [data.result[1]];
  if (data.resultType !== "vector") return [];
  return data.result.flatMap(({ metric, value }) =>
    value ? [resultText(formatSeries(metric), value[1], value[0])] : [],
  );
}
