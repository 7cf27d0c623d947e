/** Queries that answer native histograms, where numbers are drawn: what to ask instead. Pure. */
import { formatDuration } from "../../format/duration";
import type { TargetAnswer } from "./ask";
import type { PanelQuery } from "./queries";

export interface HistogramAdvice {
  refId: string;
  /** How many series are histograms. */
  amount: number;
  /** A query for a number that they have. */
  expr: string;
}

const QUANTILE = 0.95;
/** A selector alone, without a range. */
const SELECTOR = /^[A-Za-z_:][\w:]*\s*(\{[^(){}]*\})?$|^\{[^(){}]*\}$/;
/** A rate needs a few samples. */
const STEPS = 4;
const WINDOW_MS_MIN = 60_000;

export function histogramAdvice(answers: readonly TargetAnswer[]): HistogramAdvice[] {
  return answers.flatMap(({ query, data }) => {
    const amount = histogramsIn(data);
    return amount === 0 ? [] : [{ refId: query.refId, amount, expr: numberOf(query) }];
  });
}

function histogramsIn(data: TargetAnswer["data"]): number {
  switch (data.resultType) {
    case "matrix":
      return data.result.filter((each) => (each.histograms?.length ?? 0) > 0).length;
    case "vector":
      return data.result.filter((each) => each.histogram !== undefined).length;
    default:
      return 0;
  }
}

function numberOf({ expr, stepMs }: PanelQuery): string {
  const plain = expr.trim();
  // Histograms count since the start: what is asked for is what came since.
  const window = formatDuration(Math.max(WINDOW_MS_MIN, stepMs * STEPS));
  return `histogram_quantile(${QUANTILE}, ${SELECTOR.test(plain) ? `rate(${plain}[${window}])` : plain})`;
}

/** The same in one line. */
export function adviceText({ refId, amount, expr }: HistogramAdvice): string {
  const series = amount === 1 ? "1 series is a native histogram" : `${amount} series are native histograms`;
  return `${refId}: ${series}, which only heatmaps draw. Ask for a number of them, such as ${expr}`;
}
