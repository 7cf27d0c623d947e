/** What scrapes bring, by PromQL over the series that each scrape leaves. Pure. */
import type { Labels, QueryData } from "../api";
import { parseValue } from "../format/value";

/** What can be told of a job or a target. */
export interface ScrapeFigures {
  /** How many targets are up or down; not told of one target. */
  targets: number | null;
  /** Samples of the last scrape that are kept. */
  kept: number | null;
  /** Seconds that the last scrape took. */
  took: number | null;
  /** Series that were new within the last hour. */
  added: number | null;
}

export type ScrapeFigure = keyof ScrapeFigures;

export interface ScrapeRow extends ScrapeFigures {
  labels: Labels;
}

/** Rows that are asked for. */
export const SCRAPE_ROWS = 20;

/** The label that tells which figure a series is. */
const FIGURE = "figure";

const OF_TARGET: Record<Exclude<ScrapeFigure, "targets">, string> = {
  kept: "scrape_samples_post_metric_relabeling",
  took: "scrape_duration_seconds",
  added: "sum_over_time(scrape_series_added[1h])",
};

const OF_JOB: Record<ScrapeFigure, string> = {
  targets: "count by (job) (up)",
  kept: `sum by (job) (${OF_TARGET.kept})`,
  took: `sum by (job) (${OF_TARGET.took})`,
  added: `sum by (job) (${OF_TARGET.added})`,
};

const OF_ALL: Partial<Record<ScrapeFigure, string>> = {
  targets: "count(up)",
  kept: `sum(${OF_TARGET.kept})`,
  took: `sum(${OF_TARGET.took})`,
  added: `sum(${OF_TARGET.added})`,
};

export const JOB_FIGURES = ["targets", "kept", "took", "added"] as const satisfies readonly ScrapeFigure[];
export const TARGET_FIGURES = ["kept", "took", "added"] as const satisfies readonly ScrapeFigure[];

/** All figures of the jobs that one figure makes the dearest. */
export function jobsQuery(sort: ScrapeFigure): string {
  return together(OF_JOB, ` and topk(${SCRAPE_ROWS}, ${OF_JOB[sort]})`);
}

/** All figures of the targets that one figure makes the dearest. */
export function targetsQuery(sort: (typeof TARGET_FIGURES)[number]): string {
  return together(OF_TARGET, ` and topk(${SCRAPE_ROWS}, ${OF_TARGET[sort]})`);
}

/** The figures of all targets together. */
export const TOTALS_QUERY = together(OF_ALL, "");

/** Whether a query is one of these: what the page itself asks says nothing about what is needed. */
export function isOwnQuery(query: string): boolean {
  return query.startsWith("label_replace(") && query.includes(`, "${FIGURE}", "kept", "", "")`);
}

function together(figures: Partial<Record<ScrapeFigure, string>>, condition: string): string {
  return Object.entries(figures)
    .map(([figure, expr]) => `label_replace(${expr}${condition}, "${FIGURE}", "${figure}", "", "")`)
    .join(" or ");
}

/** The answer to such a query: one row for each set of labels. */
export function scrapeRows(data: QueryData): ScrapeRow[] {
  if (data.resultType !== "vector") return [];
  const rows = new Map<string, ScrapeRow>();
  for (const { metric, value } of data.result) {
    const { [FIGURE]: figure, __name__: _, ...labels } = metric;
    if (!isFigure(figure) || !value) continue;
    const key = JSON.stringify(Object.entries(labels).sort());
    const row = rows.get(key) ?? { labels, targets: null, kept: null, took: null, added: null };
    row[figure] = parseValue(value[1]);
    rows.set(key, row);
  }
  return [...rows.values()];
}

function isFigure(name: string | undefined): name is ScrapeFigure {
  return name !== undefined && name in OF_JOB;
}
