/** What a query variable asks, and options out of the answers. Pure. */
import { toRegExp } from "../values/regexp";

export type VariableQuery =
  | { type: "labelNames"; selector: string }
  | { type: "labelValues"; label: string; selector: string }
  | { type: "metrics"; pattern: string }
  | { type: "expression"; expr: string }
  | { type: "series"; selector: string };

/** Reads a query in Grafana's notation. Variables in it are replaced already. */
export function parseQuery(text: string): VariableQuery {
  const query = text.trim();
  const names = /^label_names\(\s*(.*?)\s*\)$/s.exec(query);
  if (names) return { type: "labelNames", selector: names[1] ?? "" };
  const values = /^label_values\((?:(.+),)?\s*([^\s,]+)\s*\)$/s.exec(query);
  if (values) return { type: "labelValues", label: values[2] ?? "", selector: (values[1] ?? "").trim() };
  const metrics = /^metrics\(\s*(.*?)\s*\)$/s.exec(query);
  if (metrics) return { type: "metrics", pattern: metrics[1] ?? "" };
  const result = /^query_result\((.+)\)$/s.exec(query);
  if (result) return { type: "expression", expr: result[1] ?? "" };
  return { type: "series", selector: query };
}

export interface Option {
  value: string;
  text: string;
}

/**
 * Options out of what the host answered: the regular expression keeps what it matches, and takes the groups
 * "value" and "text", or the first group, out of it. As in Grafana it matches a part only between slashes, else
 * all of a value. Throws where it cannot be read.
 */
export function optionsOf(found: readonly string[], regex: string, sort: number): Option[] {
  const pattern = regex === "" ? null : toRegExp(regex);
  if (regex !== "" && pattern === null) throw new Error(`Not a regular expression: ${regex}`);
  const options = found.flatMap((text): Option[] => {
    if (!pattern) return [{ value: text, text }];
    const match = pattern.exec(text);
    if (!match) return [];
    const value = match.groups?.["value"] ?? match.groups?.["text"] ?? match[1] ?? text;
    return [{ value, text: match.groups?.["text"] ?? value }];
  });
  const unique = new Map(options.map((each) => [each.value, each]));
  return sortOptions([...unique.values()], sort);
}

type Compare = (a: Option, b: Option) => number;

/** As Grafana counts them: odd numbers go up, even ones down. */
const ORDERS: readonly Compare[] = [
  (a, b) => (a.text < b.text ? -1 : Number(a.text > b.text)),
  (a, b) => numberIn(a.text) - numberIn(b.text),
  (a, b) => a.text.toLowerCase().localeCompare(b.text.toLowerCase()),
  (a, b) => a.text.localeCompare(b.text, undefined, { numeric: true }),
];

function sortOptions(options: Option[], sort: number): Option[] {
  const order = ORDERS[Math.ceil(sort / 2) - 1];
  if (sort <= 0 || !order) return options;
  const sorted = options.sort(order);
  return sort % 2 === 0 ? sorted.reverse() : sorted;
}

function numberIn(text: string): number {
  return Number(/\d+/.exec(text)?.[0] ?? -1);
}

/** "a, b, key : value": commas and colons may be escaped. */
export function customOptions(query: string): Option[] {
  const parts = query.match(/(?:\\,|[^,])+/g) ?? [];
  return parts.flatMap((part) => {
    const text = part.replace(/\\,/g, ",").trim();
    if (text === "") return [];
    const [, name = text, value = text] = /^\s*(.+?)\s+:\s+(.+?)\s*$/.exec(text) ?? [];
    return [{ value, text: name }];
  });
}

/** A series as `query_result()` and bare selectors show it: `up{a="b"} 1 1700000000000`. */
export function resultText(series: string, value: string, seconds: number): string {
  return `${series} ${value} ${Math.round(seconds * 1000)}`;
}
