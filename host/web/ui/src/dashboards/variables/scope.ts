/** Variables in texts: "$name", "${name}", "${name:format}", "[[name]]". Pure. */
import { ALL } from "../read/variables";
import { escapeIn, escapeListed, quotesOf, type Quote } from "./quotes";

export interface VariableValue {
  values: string[];
  /** As the user sees them; as many as `values`. */
  texts: string[];
  isAll: boolean;
  /** Whether there may be more than one: such values are escaped for a regular expression. */
  isList: boolean;
  /** What stands for all instead of the values; "" for nothing. */
  allValue: string;
}

/** Variables by name. */
export type Scope = ReadonlyMap<string, VariableValue>;

export function single(value: string, text = value): VariableValue {
  return { values: [value], texts: [text], isAll: false, isList: false, allValue: "" };
}

const PATTERN = /\$(\w+)|\$\{(\w+)(?:\.[^:}]+)?(?::([^}]+))?\}|\[\[(\w+)(?::(\w+))?\]\]/g;

/** The names that a text uses. */
export function namesIn(text: string): string[] {
  return [...text.matchAll(PATTERN)].map((match) => match[1] ?? match[2] ?? match[4] ?? "");
}

/** Replaces what the scope knows; the rest stays as it stands. */
export function interpolate(text: string, scope: Scope, fallback: Format = "promql"): string {
  const quoteAt = quotesOf(text);
  return text.replace(PATTERN, (...match: (string | undefined)[]) => {
    const [whole = "", plain, braced, format, old, oldFormat, at] = match;
    const value = scope.get(plain ?? braced ?? old ?? "");
    if (value === undefined) return whole;
    return formatValues(value, format ?? oldFormat ?? fallback, quoteAt(Number(at)));
  });
}

/** Titles and texts for people. */
export function interpolateText(text: string, scope: Scope): string {
  return interpolate(text, scope, "text");
}

type Format = "promql" | "text" | "raw" | "regex";

function formatValues(value: VariableValue, format: string, quote: Quote): string {
  const { values } = value;
  if (format === "text") return value.isAll ? "All" : value.texts.join(" + ");
  if (value.isAll && value.allValue !== "") return value.allValue;
  switch (format) {
    case "promql":
      return value.isList
        ? asAlternatives(values.map((each) => escapeListed(each, quote)))
        : escapeIn(quote, values[0] ?? "");
    case "regex":
      return asAlternatives(values.map(escapeRegExp));
    case "pipe":
      return values.join("|");
    case "glob":
      return values.length > 1 ? `{${values.join(",")}}` : (values[0] ?? "");
    case "json":
      return JSON.stringify(values.length === 1 ? values[0] : values);
    case "doublequote":
      return values.map((each) => `"${each.replace(/"/g, '\\"')}"`).join(",");
    case "singlequote":
      return values.map((each) => `'${each.replace(/'/g, "\\'")}'`).join(",");
    case "percentencode":
      return values.map(encodeURIComponent).join(",");
    default:
      // "csv", "raw", and what nobody knows.
      return values.join(",");
  }
}

function asAlternatives(values: readonly string[]): string {
  return values.length === 1 ? (values[0] ?? "") : `(${values.join("|")})`;
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

/** Whether a choice stands for all options. */
export function meansAll(values: readonly string[]): boolean {
  return values.includes(ALL) || (values.length === 1 && values[0] === "All");
}
