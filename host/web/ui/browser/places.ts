/** The places that are looked at: at least one of every page, each with what it must show. */

export interface Place {
  /** Names its pictures. */
  name: string;
  /** As in `src/routes.ts`. */
  page: string;
  search?: string;
  /** Texts that are seen there. */
  shows: readonly (string | RegExp)[];
  /** Whether a graph is drawn there. */
  isDrawn?: boolean;
  /** What the host refuses there on purpose, as the console tells it. */
  trouble?: RegExp;
}

const BY_MODE = "# What processors do.\nsum by (mode) (rate(node_cpu_seconds_total[30s]))";

export const PLACES: readonly Place[] = [
  { name: "query", page: "query", shows: ["scrape_duration_seconds"] },
  { name: "query table", page: "query", search: query(BY_MODE, { tab: "table" }), shows: ['mode="idle"'] },
  { name: "query graph", page: "query", search: query(BY_MODE, { tab: "graph", range_input: "5m" }), shows: ['mode="idle"'], isDrawn: true },
  { name: "query tree", page: "query", search: query(BY_MODE, { tab: "explain", show_tree: "1" }), shows: ["sum by (mode) (…)", "Label of its results"] },
  { name: "query explain", page: "query", search: query(BY_MODE, { tab: "explain", analyze: "1" }), shows: ["Measured: "] },
  { name: "query error", page: "query", search: query("sum(", { tab: "table" }), shows: [/unexpected|unclosed|expected/i], trouble: /status of 400/ },
  { name: "dashboards", page: "dashboards", shows: ["Machines", "Processor modes"] },
  { name: "dashboard of the host", page: "dashboards", search: "?uid=node", shows: ["Processors busy"], isDrawn: true },
  { name: "dashboard of the folder", page: "dashboards", search: "?uid=modes", shows: ["Busy in idle", "Targets up"], isDrawn: true },
  { name: "alerts", page: "alerts", shows: ["TargetDown", "127.0.0.1:1 is down", "NothingScraped"] },
  { name: "groups", page: "groups", shows: ["TargetDown", "to pager", "127.0.0.1:2 is down"] },
  { name: "silences", page: "silences", shows: ["New silence"] },
  { name: "silence to make", page: "silences", search: `?new=${encodeURIComponent('alertname="TargetDown"')}`, shows: ["2 alerts match now:"] },
  { name: "routing", page: "routing", shows: ["everybody", "pager", 'severity="page"'] },
  { name: "rules", page: "rules", shows: ["mode:node_cpu_seconds:rate30s", "NothingScraped"] },
  { name: "targets", page: "targets", shows: ["http://127.0.0.1:1/metrics", "Connection refused", "1 of 1 up"] },
  { name: "plugins", page: "plugins", shows: ["exporter", "notifier", "ready"] },
  { name: "status", page: "status", shows: ["Runtime", "Build"] },
  { name: "store", page: "tsdb-status", shows: ["Head", "Blocks", "Show what would be deleted"] },
  { name: "cost", page: "cost", shows: ["Rule groups", "node_cpu_seconds_total"] },
  { name: "flags", page: "flags", shows: ["--web.listen-address"] },
  { name: "configuration", page: "config", shows: [/job_name: gone/] },
  { name: "service discovery", page: "service-discovery", shows: ["found", "dropped", "As discovered"] },
  { name: "alertmanager discovery", page: "alertmanager-discovery", shows: ["Alerts are sent to"] },
  { name: "nowhere", page: "no-such-page", shows: ["no-such-page"] },
];

export function addressOf({ page, search = "" }: Place): string {
  return `/${page}${search}`;
}

function query(expr: string, rest: Record<string, string>): string {
  const parameters = Object.entries(rest).map(([name, value]) => [`g0.${name}`, value]);
  return `?${new URLSearchParams([["g0.expr", expr], ...parameters])}`;
}
