/**
 * The values of all variables of a dashboard: in the order in which they depend on each other, each with its
 * options and what is chosen. Knows the host by the function that asks it; has no state.
 */
import { ApiError } from "../../api";
import { formatDuration } from "../../format/duration";
import { durationMs, roundedInterval } from "../interval";
import type { AdhocFilter, Variable } from "../model";
import { ALL } from "../read/variables";
import type { TimeRange } from "../range";
import { customOptions, optionsOf, parseQuery, type Option, type VariableQuery } from "./query";
import { interpolate, meansAll, namesIn, single, type Scope, type VariableValue } from "./scope";

/** What the address says, by variable. */
export type Choices = ReadonlyMap<string, readonly string[]>;

export interface ResolvedVariable {
  variable: Variable;
  options: Option[];
  value: VariableValue;
  /** Why there are no options: then what was chosen holds. */
  error: string | null;
}

export interface ResolvedVariables {
  list: ResolvedVariable[];
  scope: Scope;
  filters: AdhocFilter[];
}

type Ask = (query: VariableQuery) => Promise<string[]>;

/** What is chosen by the one data source there is. */
const OWN_SOURCE = "prometheus";
const AUTO = "$__auto_interval_";

/** Throws where the host is away: it is to be asked again. */
export async function resolveVariables(
  variables: readonly Variable[],
  choices: Choices,
  range: TimeRange,
  ask: Ask,
): Promise<ResolvedVariables> {
  const scope = new Map<string, VariableValue>();
  const resolved = new Map<string, ResolvedVariable>();
  for (const ready of inOrder(variables)) {
    const found = await Promise.all(ready.map((variable) => findOptions(variable, scope, range, ask)));
    ready.forEach((variable, index) => {
      const { options, error } = found[index] ?? { options: [], error: null };
      const chosen = choices.get(variable.name) ?? variable.current;
      const value = error === null ? choose(variable, options, chosen, range) : unchecked(variable, chosen);
      resolved.set(variable.name, { variable, options, value, error });
      if (variable.kind !== "adhoc") scope.set(variable.name, value);
    });
  }
  const list = variables.flatMap((each) => resolved.get(each.name) ?? []);
  return { list, scope, filters: filtersOf(variables, choices) };
}

/**
 * Each after those that its query names; those that wait for the same are asked at once. In a circle, which no
 * dashboard should have, the first comes first.
 */
export function inOrder(variables: readonly Variable[]): Variable[][] {
  const names = new Set(variables.map((each) => each.name));
  const done = new Set<string>();
  const ordered: Variable[][] = [];
  let left = [...variables];
  while (left.length > 0) {
    const isReady = (each: Variable) =>
      namesIn(`${each.query} ${each.regex}`).every((name) => name === each.name || !names.has(name) || done.has(name));
    const ready = left.filter(isReady);
    const next = ready.length > 0 ? ready : left.slice(0, 1);
    for (const each of next) done.add(each.name);
    ordered.push(next);
    left = left.filter((each) => !next.includes(each));
  }
  return ordered;
}

async function findOptions(
  variable: Variable,
  scope: Scope,
  range: TimeRange,
  ask: Ask,
): Promise<{ options: Option[]; error: string | null }> {
  switch (variable.kind) {
    case "query": {
      try {
        const found = await ask(parseQuery(interpolate(variable.query, withRange(scope, range))));
        return { options: optionsOf(found, interpolate(variable.regex, scope, "regex"), variable.sort), error: null };
      } catch (error) {
        if (error instanceof DOMException && error.name === "AbortError") throw error;
        if (error instanceof ApiError && error.isTransient) throw error;
        return { options: [], error: error instanceof Error ? error.message : String(error) };
      }
    }
    case "custom":
      return { options: customOptions(interpolate(variable.query, scope, "raw")), error: null };
    case "interval":
      return { options: intervalOptions(variable), error: null };
    case "datasource":
      return { options: [{ value: OWN_SOURCE, text: "this host" }], error: null };
    case "constant":
      return { options: [{ value: variable.query, text: variable.query }], error: null };
    default:
      return { options: [], error: null };
  }
}

function intervalOptions(variable: Variable): Option[] {
  const options = customOptions(variable.query);
  return variable.auto ? [{ value: `${AUTO}${variable.name}`, text: "auto" }, ...options] : options;
}

/** What is chosen where nobody knows what there is. All of that is anything. */
function unchecked(variable: Variable, chosen: readonly string[]): VariableValue {
  const base = { isList: variable.isMulti || variable.hasAll, allValue: variable.allValue };
  if (meansAll(chosen) || (variable.hasAll && chosen.length === 0))
    return { ...base, values: [], texts: [], isAll: true, allValue: variable.allValue || ".*" };
  return { ...base, values: [...chosen], texts: [...chosen], isAll: false };
}

/** What is chosen, of what there is; the first where nothing chosen is left. */
function choose(
  variable: Variable,
  options: readonly Option[],
  chosen: readonly string[],
  range: TimeRange,
): VariableValue {
  const base = { isAll: false, isList: variable.isMulti || variable.hasAll, allValue: variable.allValue };
  const toValue = (list: readonly Option[]) => ({
    ...base,
    values: list.map((each) => each.value),
    texts: list.map((each) => each.text),
  });
  if (variable.kind === "textbox") return single(chosen[0] ?? variable.query);
  if (variable.kind === "constant" || variable.kind === "datasource")
    return single(options[0]?.value ?? "", options[0]?.text);
  if (variable.kind === "interval") return chooseInterval(variable, options, chosen, range);
  if (variable.kind === "unknown" || variable.kind === "adhoc")
    return { ...base, values: [...chosen], texts: [...chosen] };
  if (variable.hasAll && meansAll(chosen)) return { ...toValue(options), isAll: true };
  const kept = options.filter((option) => chosen.includes(option.value) || chosen.includes(option.text));
  if (kept.length > 0) return toValue(variable.isMulti ? kept : kept.slice(0, 1));
  if (variable.hasAll) return { ...toValue(options), isAll: true };
  return toValue(options.slice(0, 1));
}

function chooseInterval(
  variable: Variable,
  options: readonly Option[],
  chosen: readonly string[],
  range: TimeRange,
): VariableValue {
  const option = options.find((each) => chosen.includes(each.value) || chosen.includes(each.text)) ?? options[0];
  if (!option?.value.startsWith(AUTO) || !variable.auto) return single(option?.value ?? "1m", option?.text);
  const { count, min } = variable.auto;
  const step = Math.max(roundedInterval((range.toMs - range.fromMs) / Math.max(1, count)), durationMs(min) ?? 0);
  return single(formatDuration(step), "auto");
}

/** The names of the range, which queries of variables may use. */
export function withRange(scope: Scope, range: TimeRange): Scope {
  const rangeMs = Math.max(1_000, range.toMs - range.fromMs);
  const seconds = Math.round(rangeMs / 1000);
  return new Map([
    ...scope,
    ["__range", single(`${seconds}s`)],
    ["__range_s", single(String(seconds))],
    ["__range_ms", single(String(rangeMs))],
    ["__from", single(String(range.fromMs))],
    ["__to", single(String(range.toMs))],
  ]);
}

/** Filters are written "key|=|value" in the address, as Grafana does. */
function filtersOf(variables: readonly Variable[], choices: Choices): AdhocFilter[] {
  return variables
    .filter((each) => each.kind === "adhoc")
    .flatMap((each) => choices.get(each.name)?.flatMap(readFilter) ?? each.filters)
    .filter((each) => each.key !== "");
}

function readFilter(text: string): AdhocFilter[] {
  const [key = "", operator = "", ...value] = text.split("|");
  return key !== "" && operator !== "" ? [{ key, operator, value: value.join("|") }] : [];
}

export function writeFilter(filter: AdhocFilter): string {
  return `${filter.key}|${filter.operator}|${filter.value}`;
}

/** The values of a choice for the address. */
export function chosenValues(value: VariableValue): string[] {
  return value.isAll ? [ALL] : value.values;
}
