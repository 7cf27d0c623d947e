/** What of a dashboard is in the page's address, in Grafana's names: from, to, refresh, var-…, viewPanel. Pure. */
import type { RangeText } from "./range";
import type { Choices } from "./variables/resolve";

const VARIABLE = "var-";

export interface DashboardState {
  uid: string;
  /** Null where the dashboard's own holds. */
  range: RangeText | null;
  refresh: string | null;
  choices: Choices;
  /** The key of the panel that is shown alone. */
  enlarged: string | null;
}

export function decodeDashboard(search: string): DashboardState {
  const params = new URLSearchParams(search);
  const [from, to] = [params.get("from"), params.get("to")];
  const names = [...new Set([...params.keys()].filter((name) => name.startsWith(VARIABLE)))];
  return {
    uid: params.get("uid") ?? "",
    range: from === null || from === "" ? null : { from, to: to || "now" },
    refresh: params.get("refresh"),
    choices: new Map(names.map((name) => [name.slice(VARIABLE.length), params.getAll(name)])),
    enlarged: params.get("viewPanel"),
  };
}

export function encodeDashboard(state: DashboardState): string {
  const params = new URLSearchParams({ uid: state.uid });
  if (state.range) {
    params.set("from", state.range.from);
    params.set("to", state.range.to);
  }
  if (state.refresh !== null) params.set("refresh", state.refresh);
  for (const [name, values] of state.choices) {
    for (const value of values.length === 0 ? [""] : values) params.append(`${VARIABLE}${name}`, value);
  }
  if (state.enlarged !== null) params.set("viewPanel", state.enlarged);
  return `?${params}`;
}
