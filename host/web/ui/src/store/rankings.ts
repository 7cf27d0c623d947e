/** What takes the most room in the head, as tables with a query behind each line. Pure. */
import { formatLabelName, quote } from "../format/labels";
import type { Ranked, TsdbStatus } from "../statusApi";

export interface RankedRow extends Ranked {
  /** A query that shows what the line counts. */
  expr: string;
  /** Of all series of the head, from 0 to 1; null where the figure counts no series. */
  share: number | null;
}

export interface Ranking {
  title: string;
  /** What the names are. */
  nameTitle: string;
  valueTitle: string;
  isBytes: boolean;
  rows: RankedRow[];
}

export function rankings(status: TsdbStatus): Ranking[] {
  const series = status.headStats["numSeries"] ?? 0;
  const rows = (entries: readonly Ranked[], expr: (name: string) => string, isOfSeries: boolean): RankedRow[] =>
    entries.map((entry) => ({
      ...entry,
      expr: expr(entry.name),
      share: isOfSeries && series > 0 ? Math.min(1, entry.value / series) : null,
    }));
  return [
    {
      title: "Metrics with the most series",
      nameTitle: "Metric",
      valueTitle: "Series",
      isBytes: false,
      rows: rows(status.seriesCountByMetricName, metricExpr, true),
    },
    {
      title: "Label pairs with the most series",
      nameTitle: "Label and value",
      valueTitle: "Series",
      isBytes: false,
      rows: rows(status.seriesCountByLabelValuePair, pairExpr, true),
    },
    {
      title: "Labels with the most values",
      nameTitle: "Label",
      valueTitle: "Values",
      isBytes: false,
      rows: rows(status.labelValueCountByLabelName, valuesExpr, false),
    },
    {
      title: "Labels whose values are the longest together",
      nameTitle: "Label",
      valueTitle: "Bytes",
      isBytes: true,
      rows: rows(status.memoryInBytesByLabelName, valuesExpr, false),
    },
  ];
}

function metricExpr(name: string): string {
  return `count({__name__=${quote(name)}})`;
}

/** The pair is joined by the first "=", as label names of old hold none. */
function pairExpr(pair: string): string {
  const at = pair.indexOf("=");
  const [name, value] = at < 0 ? [pair, ""] : [pair.slice(0, at), pair.slice(at + 1)];
  return `topk(20, count by (__name__) ({${formatLabelName(name)}=${quote(value)}}))`;
}

/** The values of a label with the most series. */
export function valuesExpr(label: string): string {
  const name = formatLabelName(label);
  return `topk(20, count by (${name}) ({${name}!=""}))`;
}
