/** Names of series in legends. Pure. */
import type { Labels } from "../../api";
import { formatSeries, labelPairs } from "../../format/labels";

const AUTO = "__auto";

/** Replaces "{{ label }}"; a label that is not there leaves nothing. */
export function fillLegend(format: string, labels: Labels): string {
  return format.replace(/\{\{\s*(.+?)\s*\}\}/g, (_whole, name: string) => labels[name] ?? "");
}

/** The names of all series of one target. */
export function legendNames(format: string, expr: string, all: readonly Labels[]): string[] {
  if (format === AUTO) return autoNames(expr, all);
  if (format !== "") return all.map((labels) => fillLegend(format, labels));
  return all.map((labels) => (Object.keys(labels).length === 0 ? expr : formatSeries(labels)));
}

/** Only what tells the series apart. */
function autoNames(expr: string, all: readonly Labels[]): string[] {
  const names = [...new Set(all.flatMap((labels) => Object.keys(labels)))];
  const telling = names.filter((name) => all.some((labels) => labels[name] !== all[0]?.[name])).sort();
  return all.map((labels) => {
    if (telling.length === 0) return Object.keys(labels).length === 0 ? expr : formatSeries(labels);
    if (telling.length === 1) return labels[telling[0] ?? ""] ?? "";
    const kept = Object.fromEntries(Object.entries(labels).filter(([name]) => telling.includes(name)));
    return labelPairs(kept).length === 0 ? (labels["__name__"] ?? "") : formatSeries(kept);
  });
}
