/** How the series of two sides of an operator find each other: in groups with the same labels. Pure. */
import type { InstantSample, Labels } from "../../api";
import { count } from "../../format/value";
import type { BinaryExpr, Matching } from "../../promql/ast";

export type GroupState = "matched" | "left only" | "right only" | "ambiguous";

export interface MatchGroup {
  /** What the series have in common. */
  labels: Labels;
  left: InstantSample[];
  right: InstantSample[];
  state: GroupState;
}

/** What cannot be computed comes first, then what has no partner. */
export const GROUP_STATES: readonly GroupState[] = ["ambiguous", "left only", "right only", "matched"];

export function matchGroups(matching: Matching, left: readonly InstantSample[], right: readonly InstantSample[]): MatchGroup[] {
  const groups = new Map<string, MatchGroup>();
  const add = (side: "left" | "right", sample: InstantSample) => {
    const labels = signature(matching, sample.metric);
    const key = JSON.stringify(Object.entries(labels));
    const group = groups.get(key) ?? { labels, left: [], right: [], state: "matched" };
    group[side].push(sample);
    groups.set(key, group);
  };
  for (const sample of left) add("left", sample);
  for (const sample of right) add("right", sample);
  // Of a side without series nothing is computed, and nothing is refused, unless it is filled.
  const { lhs, rhs } = matching.fillValues;
  const isRun = (left.length > 0 && right.length > 0) || lhs !== null || rhs !== null;
  const all = [...groups.values()].map((group) => ({ ...group, state: stateOf(matching, group, isRun) }));
  return all.sort((a, b) => GROUP_STATES.indexOf(a.state) - GROUP_STATES.indexOf(b.state));
}

/** The labels that decide, by name. An empty value is no label. */
function signature(matching: Matching, labels: Labels): Labels {
  const decides = (name: string) =>
    matching.on ? matching.labels.includes(name) : name !== "__name__" && !matching.labels.includes(name);
  const entries = Object.entries(labels).filter(([name, value]) => value !== "" && decides(name));
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function stateOf({ card, fillValues }: Matching, { left, right }: MatchGroup, isRun: boolean): GroupState {
  // The side that must have one series a group; the host refuses more even where they have no partner.
  const one = card === "one-to-many" ? left : right;
  const hasPartner = right.length > 0 || fillValues.rhs !== null;
  if (isRun && card !== "many-to-many" && one.length > 1) return "ambiguous";
  if (isRun && card === "one-to-one" && left.length > 1 && hasPartner) return "ambiguous";
  if (right.length === 0) return "left only";
  return left.length === 0 ? "right only" : "matched";
}

export function countGroups(groups: readonly MatchGroup[]): Record<GroupState, number> {
  const counts = { matched: 0, "left only": 0, "right only": 0, ambiguous: 0 };
  for (const group of groups) counts[group.state] += 1;
  return counts;
}

/** What a group becomes, in words. */
export function becomes(node: BinaryExpr, { state, left, right }: MatchGroup): string {
  const results = (amount: number) => count(amount, "result", "results");
  switch (node.op) {
    case "and":
      return state === "matched" ? results(left.length) : "no result";
    case "unless":
      return state === "left only" ? results(left.length) : "no result";
    case "or":
      return results(left.length > 0 ? left.length : right.length);
  }
  const fill = node.matching?.fillValues ?? { lhs: null, rhs: null };
  if (state === "ambiguous") return "an error: one side has many series";
  if (state === "left only") return fill.rhs === null ? "no result" : `${results(left.length)}, the right filled with ${fill.rhs}`;
  if (state === "right only") return fill.lhs === null ? "no result" : `${results(right.length)}, the left filled with ${fill.lhs}`;
  const amount = Math.max(left.length, right.length);
  return isFilter(node) ? `${results(amount)} where the comparison holds` : results(amount);
}

export function isComparison(op: string): boolean {
  return ["==", "!=", ">", "<", ">=", "<="].includes(op);
}

/** Whether series are left out by their values. */
export function isFilter(node: BinaryExpr): boolean {
  return isComparison(node.op) && !node.bool;
}
