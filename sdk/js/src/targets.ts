// What discoveries make of what they find: addresses, labels, groups.

import type { Label, PluginError } from "./error.ts";

/** Targets that share labels. A later group with the same source replaces this one. */
export interface TargetGroup {
  source: string;
  /** `host:port` each. */
  targets: string[];
  labels: Label[];
}

/** What changed since the cursor. */
export type Change =
  | { tag: "unchanged" }
  | { tag: "full"; groups: TargetGroup[] }
  | { tag: "delta"; upsert: TargetGroup[]; remove: string[] };

/** The answer of a refresh. */
export interface Refreshed {
  change: Change;
  /** Handed back at the next refresh; at most 64 KiB. */
  cursor?: string | null;
  /** When to ask next; 0 for at once, absent for the host's choice. */
  nextInMs?: number | null;
  /** More is to be told than this answer holds: the host asks again at once, with the cursor. */
  more?: boolean;
  /** Why a part of the source could not be asked; its groups stay as they were. */
  failing?: PluginError | null;
}

/** All groups: what is not among them is gone. */
export function full(groups: TargetGroup[], rest: Omit<Refreshed, "change"> = {}): Refreshed {
  return { change: { tag: "full", groups }, ...rest };
}

/** Nothing changed since the cursor. */
export function unchanged(cursor: string, rest: Omit<Refreshed, "change" | "cursor"> = {}): Refreshed {
  return { change: { tag: "unchanged" }, cursor, ...rest };
}

/** Groups that are new or changed, and the sources of those that are gone. */
export function delta(
  upsert: TargetGroup[],
  remove: string[],
  rest: Omit<Refreshed, "change"> = {},
): Refreshed {
  return { change: { tag: "delta", upsert, remove }, ...rest };
}

/** Names and values as labels, sorted by name. Empty values and absent ones are no labels. */
export function labels(pairs: Record<string, string | number | boolean | null | undefined>): Label[] {
  return Object.entries(pairs)
    .filter(([, value]) => value !== null && value !== undefined && value !== "")
    .map(([name, value]) => ({ name, value: String(value) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Text as a part of a label's name: every character but ASCII letters, digits and `_` becomes `_`. */
export function sanitize(text: string): string {
  return text.replace(/[^A-Za-z0-9_]/gu, "_");
}

/** `host:port`, with brackets around a host that holds a colon. */
export function hostPort(host: string, port: number | string): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
