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

export interface PanelData {
  series: Series[];
  answers: TargetAnswer[];
  cut: number;
  histograms: number;
  /** What the host said of single targets; the others are shown. */
  errors: { refId: string; expr: string; message: string }[];
}

/** All targets at once. Fails as a whole only where none has an answer. */
export async function askPanel(queries: readonly PanelQuery[], signal: AbortSignal): Promise<Answer<PanelData>> {
  const data: PanelData = { series: [], answers: [], cut: 0, histograms: 0, errors: [] };
  const notes = { warnings: new Set<string>(), infos: new Set<string>() };
  const outcomes = await Promise.allSettled(queries.map((query) => askTarget(query, signal)));
  signal.throwIfAborted();
  outcomes.forEach((outcome, index) => {
    const query = queries[index];
    if (!query) return;
    if (outcome.status === "rejected") {
      const reason: unknown = outcome.reason;
      if (reason instanceof ApiError && reason.isTransient) throw reason;
      data.errors.push({
        refId: query.refId,
        expr: query.expr,
        message: reason instanceof Error ? reason.message : String(reason),
      });
      return;
    }
    const found = toSeries(query, outcome.value.data, query.endMs);
    data.series.push(...found.series);
    data.answers.push({ query, data: outcome.value.data });
    data.cut += found.cut;
    data.histograms += found.histograms;
    for (const each of outcome.value.warnings) notes.warnings.add(each);
    for (const each of outcome.value.infos) notes.infos.add(each);
  });
  return { data, warnings: [...notes.warnings], infos: [...notes.infos] };
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
