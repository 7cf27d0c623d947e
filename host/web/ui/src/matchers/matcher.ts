/** Matchers of alerts: read from text as Alertmanager does, and written. Pure. */
import type { Labels } from "../api";
import { labelPairs, quote } from "../format/labels";

export interface Matcher {
  name: string;
  value: string;
  isRegex: boolean;
  isEqual: boolean;
}

export type MatcherOperator = "=" | "!=" | "=~" | "!~";

const PLAIN_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const QUOTED = /^"(?:[^"\\]|\\.)*"$/s;
/** A name, quoted or plain; an operator; a value, quoted or plain to the next comma. */
const MATCHER = /\s*("(?:[^"\\]|\\.)*"|[^\s{}!=~,"'`\\]+)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|[^",]*)\s*/y;

export function operatorOf(matcher: Matcher): MatcherOperator {
  if (matcher.isRegex) return matcher.isEqual ? "=~" : "!~";
  return matcher.isEqual ? "=" : "!=";
}

/** As the host reads it back. */
export function formatMatcher(matcher: Matcher): string {
  const name = PLAIN_NAME.test(matcher.name) ? matcher.name : quote(matcher.name);
  return `${name}${operatorOf(matcher)}${quote(matcher.value)}`;
}

/** `{a="b", c!="d"}`: what stands in addresses. */
export function formatMatchers(matchers: readonly Matcher[]): string {
  return matchers.length === 0 ? "" : `{${matchers.map(formatMatcher).join(", ")}}`;
}

/** One matcher or many with commas between, with or without braces; null where it is neither. */
export function parseMatchers(text: string): Matcher[] | null {
  const trimmed = text.trim();
  const hasBraces = trimmed.startsWith("{") && trimmed.endsWith("}");
  const inner = hasBraces ? trimmed.slice(1, -1) : trimmed;
  const found: Matcher[] = [];
  let place = 0;
  while (inner.slice(place).trim() !== "") {
    MATCHER.lastIndex = place;
    const match = MATCHER.exec(inner);
    if (!match) return null;
    const [whole, name = "", operator = "=", value = ""] = match;
    found.push({
      name: unquote(name),
      value: unquote(value.trim()),
      isRegex: operator.endsWith("~"),
      isEqual: operator.startsWith("="),
    });
    place += whole.length;
    if (place < inner.length && inner[place] !== ",") return null;
    place += 1;
  }
  return found.some((matcher) => matcher.name === "") ? null : found;
}

function unquote(text: string): string {
  if (text.length < 2 || !text.startsWith('"')) return text;
  return text.slice(1, -1).replace(/\\(.)/gs, (_, char: string) => (char === "n" ? "\n" : char));
}

/** What matches alerts with these labels. */
export function matchersOf(labels: Labels): Matcher[] {
  return Object.entries(labels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => ({ name, value, isRegex: false, isEqual: true }));
}

/** Labels where all matchers are equalities of different names; null otherwise. */
export function labelsOf(matchers: readonly Matcher[]): Labels | null {
  const labels: Labels = {};
  for (const matcher of matchers) {
    if (matcher.isRegex || !matcher.isEqual || Object.hasOwn(labels, matcher.name)) return null;
    labels[matcher.name] = matcher.value;
  }
  return labels;
}

/** With one more; one that is there already is not added again. */
export function withMatcher(matchers: readonly Matcher[], added: Matcher): Matcher[] {
  const text = formatMatcher(added);
  return matchers.some((matcher) => formatMatcher(matcher) === text) ? [...matchers] : [...matchers, added];
}

/** Labels that all of these have. */
export function commonLabels(sets: readonly Labels[]): Labels {
  const [first, ...others] = sets;
  if (!first) return {};
  return Object.fromEntries(
    Object.entries(first).filter(([name, value]) => others.every((labels) => labels[name] === value)),
  );
}

const SUGGESTIONS_MAX = 50;

/**
 * What a text that is being typed could become: names of labels, then, after an operator, matchers with
 * the values that the label has in `known`. Texts that are no whole matcher end with an operator.
 */
export function suggestMatchers(text: string, known: readonly Labels[]): string[] {
  const match = /^\s*("(?:[^"\\]|\\.)*"?|[^\s{}!=~,"'`\\]*)\s*(=~|!~|!=|=)?\s*"?(.*?)"?\s*$/s.exec(text);
  if (!match) return [];
  const [, written = "", operator, value = ""] = match;
  const isOpen = written.startsWith('"') && !QUOTED.test(written);
  const name = unquote(isOpen ? `${written}"` : written);
  if (operator === undefined) {
    const names = new Set(known.flatMap((labels) => labelPairs(labels).map(([each]) => each)));
    return ranked([...names], name).map((each) => `${PLAIN_NAME.test(each) ? each : quote(each)}=`);
  }
  const values = new Set(known.flatMap((labels) => labels[name] ?? []));
  return ranked([...values], value).map((each) => `${written}${operator}${quote(each)}`);
}

/** Those with the text in them, first those that begin with it. */
function ranked(texts: string[], typed: string): string[] {
  const wanted = typed.toLowerCase();
  const rank = (text: string) => (text.toLowerCase().startsWith(wanted) ? 0 : 1);
  return texts
    .filter((text) => text.toLowerCase().includes(wanted))
    .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
    .slice(0, SUGGESTIONS_MAX);
}
