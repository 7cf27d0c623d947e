/** Calls about dashboards, and those that their variables need. */
import { request, type Answer, type Labels } from "./api";

export interface DashboardEntry {
  uid: string;
  title: string;
  tags: string[];
  source: "bundled" | "folder";
  file: string | null;
  /** Why the file could not be read. */
  error: string | null;
}

export interface DashboardList {
  /** Whether the configuration names a folder for them. */
  isWritable: boolean;
  dashboards: DashboardEntry[];
}

export function getDashboards(signal: AbortSignal): Promise<Answer<DashboardList>> {
  return request("dashboards", { signal });
}

/** Grafana's JSON as it is stored. */
export function getDashboard(uid: string, signal: AbortSignal): Promise<Answer<unknown>> {
  return request(`dashboards/${encodeURIComponent(uid)}`, { signal });
}

export function storeDashboard(
  json: unknown,
  overwrite: boolean,
  signal: AbortSignal,
): Promise<Answer<{ uid: string }>> {
  return request(`dashboards?overwrite=${overwrite}`, { signal, json });
}

export function deleteDashboard(uid: string, signal: AbortSignal): Promise<Answer<undefined>> {
  return request(`dashboards/${encodeURIComponent(uid)}`, { signal, method: "DELETE" });
}

/** A part of the store to look at: series that a selector matches, in seconds since the epoch. */
export interface Scope {
  /** "" for all. */
  selector: string;
  start: number;
  end: number;
}

function scopeParams({ selector, start, end }: Scope): string {
  const params = new URLSearchParams({ start: String(start), end: String(end) });
  if (selector !== "") params.set("match[]", selector);
  return params.toString();
}

export function getLabelNames(scope: Scope, signal: AbortSignal): Promise<Answer<string[]>> {
  return request(`labels?${scopeParams(scope)}`, { signal });
}

export function getLabelValues(label: string, scope: Scope, signal: AbortSignal): Promise<Answer<string[]>> {
  return request(`label/${encodeURIComponent(escapeName(label))}/values?${scopeParams(scope)}`, { signal });
}

export function getSeries(scope: Scope, signal: AbortSignal): Promise<Answer<Labels[]>> {
  return request(`series?${scopeParams(scope)}`, { signal });
}

/** A name that a path cannot carry as it is, as the API wants it: "U__" and what is no letter by its code. */
export function escapeName(name: string): string {
  if (/^[A-Za-z_:][A-Za-z0-9_:]*$/.test(name)) return name;
  const escaped = [...name].map((char) => {
    if (char === "_") return "__";
    return /[A-Za-z0-9:]/.test(char) ? char : `_${(char.codePointAt(0) ?? 0).toString(16)}_`;
  });
  return `U__${escaped.join("")}`;
}
