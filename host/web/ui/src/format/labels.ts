/** Label sets and lists of names as text. Pure. */
import type { Labels } from "../api";

/** Names that PromQL accepts without quotes. */
const PLAIN_METRIC = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const PLAIN_LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

export function quote(text: string): string {
  return `"${text.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n")}"`;
}

/** Labels without the metric name, ordered by name. */
export function labelPairs(labels: Labels): [name: string, value: string][] {
  return Object.entries(labels)
    .filter(([name]) => name !== "__name__")
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

export function formatLabelName(name: string): string {
  return PLAIN_LABEL.test(name) ? name : quote(name);
}

/** A series as PromQL writes it, in pieces: a name that is not plain stands in the braces, in quotes and before all labels. */
export interface SeriesParts {
  /** Before the braces; empty where there is none. */
  name: string;
  /** `name` is null for the metric's own. Both are written as they stand in PromQL. */
  entries: { name: string | null; value: string }[];
}

export function seriesParts(labels: Labels): SeriesParts {
  const name = labels["__name__"] ?? "";
  const entries = labelPairs(labels).map(([key, value]) => ({ name: formatLabelName(key), value: quote(value) }));
  if (name === "" || PLAIN_METRIC.test(name)) return { name, entries };
  return { name: "", entries: [{ name: null, value: quote(name) }, ...entries] };
}

/** A series in PromQL's notation: `up{job="node"}`. It can be pasted back as a selector. */
export function formatSeries(labels: Labels): string {
  const { name, entries } = seriesParts(labels);
  if (name !== "" && entries.length === 0) return name;
  return `${name}{${entries.map((entry) => (entry.name === null ? entry.value : `${entry.name}=${entry.value}`)).join(", ")}}`;
}

/** Whether every word of the filter occurs in one of the texts. An empty filter matches. */
export function matchesFilter(filter: string, texts: readonly string[]): boolean {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const haystack = texts.join("\n").toLowerCase();
  return words.every((word) => haystack.includes(word));
}

/** The texts a filter looks at in a label set: `name=value` with and without quotes. */
export function labelTexts(labels: Labels): string[] {
  return Object.entries(labels).flatMap(([name, value]) => [`${name}=${value}`, `${name}="${value}"`]);
}

/** "a", "a and b", "a, b and c" */
export function listed(names: readonly string[]): string {
  if (names.length < 2) return names.join("");
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
