/** Variables of Grafana's JSON. Pure. */
import { flag, isRecord, list, number, record, records, text, type Json } from "../json";
import type { Variable, VariableKind } from "../model";

/** How the address and the JSON write "all options". */
export const ALL = "$__all";

const KINDS: readonly VariableKind[] = ["query", "custom", "interval", "textbox", "constant", "datasource", "adhoc"];

export function readVariables(templating: Json): Variable[] {
  return records(templating["list"])
    .filter((each) => text(each["name"]) !== "")
    .map(readVariable);
}

function readVariable(json: Json): Variable {
  const kind = KINDS.find((each) => each === json["type"]) ?? "unknown";
  const hide = json["hide"];
  return {
    name: text(json["name"]),
    kind,
    label: text(json["label"]) || text(json["name"]),
    description: text(json["description"]),
    isHidden: hide === 2 || hide === "hideVariable" || kind === "constant" || kind === "unknown",
    query: queryOf(json),
    regex: text(json["regex"]),
    sort: number(json["sort"]) ?? 0,
    isMulti: flag(json["multi"]),
    hasAll: flag(json["includeAll"]),
    allValue: text(json["allValue"]),
    refreshesWithTime: json["refresh"] === 2,
    current: currentOf(json),
    auto: flag(json["auto"]) ? { count: number(json["auto_count"]) ?? 30, min: text(json["auto_min"], "10s") } : null,
    filters: [...records(json["filters"]), ...records(json["baseFilters"])].map((each) => ({
      key: text(each["key"]),
      operator: text(each["operator"], "="),
      value: text(each["value"]),
    })),
  };
}

function queryOf(json: Json): string {
  const query = json["query"];
  if (isRecord(query)) return text(query["query"]) || text(query["expr"]) || text(json["definition"]);
  return text(query) || text(json["definition"]);
}

function currentOf(json: Json): string[] {
  const { value } = record(json["current"]);
  const values = Array.isArray(value) ? list(value) : [value];
  return values.flatMap((each) => (typeof each === "string" || typeof each === "number" ? [String(each)] : []));
}
