/** What each kind of cost comes to, and what takes the most of it. Pure. */
import type { Plugin, RuleGroup } from "../api";
import { humanizeSeconds } from "../format/duration";
import { formatShare, formatValue } from "../format/value";
import type { TopQueries, TsdbStatus } from "../statusApi";
import { shareOf } from "./costs";
import { groupCosts } from "./rules";
import { isOwnQuery, type ScrapeFigures, type ScrapeRow } from "./scrapes";
import type { Digest } from "./Summary";

/** What is known; null is not yet. */
export interface Known {
  status: TsdbStatus | null;
  totals: ScrapeFigures | null;
  jobs: readonly ScrapeRow[] | null;
  groups: readonly RuleGroup[] | null;
  queries: TopQueries | null;
  plugins: readonly Plugin[] | null;
}

export function digestsOf({ status, totals, jobs, groups, queries, plugins }: Known): Digest[] {
  const series = status?.headStats["numSeries"] ?? null;
  const metric = status?.seriesCountByMetricName[0];
  const job = largest(jobs ?? [], (row) => row.kept ?? 0);
  const group = largest(groupCosts(groups ?? []), (row) => row.share ?? 0);
  const querySeconds = sum(queries?.queries ?? [], (each) => each.durationSum);
  // What this page asks is nothing to cut.
  const query = largest(queries?.queries.filter((each) => !isOwnQuery(each.query)) ?? [], (each) => each.durationSum);
  const pluginSeconds = sum(plugins ?? [], (each) => each.calls.cpuSecondsTotal);
  const plugin = largest(plugins ?? [], (each) => each.calls.cpuSecondsTotal);
  return [
    digest("metrics", "Series", series === null ? null : formatValue(series), metric?.name, shareOf(metric?.value ?? null, series)),
    digest(
      "jobs",
      "Samples a scrape of all",
      totals === null ? null : formatValue(totals.kept ?? 0),
      job && `job ${job.labels["job"] ?? ""}`,
      shareOf(job?.kept ?? null, totals?.kept ?? null),
    ),
    digest("groups", "Busiest rule group", groups && formatShare(group?.share ?? 0), group && `${group.group}, of its interval`, null),
    digest("queries", "Time of queries", queries && humanizeSeconds(querySeconds), query?.query, shareOf(query?.durationSum ?? null, querySeconds)),
    digest(
      "plugins",
      "Processor time of plugins",
      plugins && humanizeSeconds(pluginSeconds),
      plugin?.name,
      shareOf(plugin?.calls.cpuSecondsTotal ?? null, pluginSeconds),
    ),
  ];
}

/** Longer names are told in the table. */
const NAME_CHARACTERS_MAX = 60;

function digest(id: string, title: string, figure: string | null, name: string | undefined, share: number | null): Digest {
  const short = name !== undefined && name.length > NAME_CHARACTERS_MAX ? `${name.slice(0, NAME_CHARACTERS_MAX)}…` : name;
  const most = short === undefined ? null : `${short}${share === null ? "" : ` ${formatShare(share)}`}`;
  return { id, title, figure: figure ?? "–", most };
}

/** The first of those that cost most; none where nothing costs. */
function largest<T>(items: readonly T[], cost: (item: T) => number): T | undefined {
  return items.reduce<T | undefined>(
    (best, item) => (cost(item) > (best === undefined ? 0 : cost(best)) ? item : best),
    undefined,
  );
}

function sum<T>(items: readonly T[], cost: (item: T) => number): number {
  return items.reduce((total, item) => total + cost(item), 0);
}
