/** What rules cost: the time of their last evaluation, against the interval of their group. Pure. */
import type { RuleGroup } from "../api";
import { shareOf } from "./costs";

interface Timed {
  group: string;
  file: string;
  /** Seconds of the last evaluation; null before the first. */
  took: number | null;
  /** Seconds. */
  interval: number;
  /** Of the interval. */
  share: number | null;
}

export interface GroupCost extends Timed {
  rules: number;
}

export interface RuleCost extends Timed {
  name: string;
  query: string;
  /** Where it stands in its group. */
  index: number;
}

export function groupCosts(groups: readonly RuleGroup[]): GroupCost[] {
  return groups.map((group) => ({ ...timed(group, group.evaluationTime), rules: group.rules.length }));
}

export function ruleCosts(groups: readonly RuleGroup[]): RuleCost[] {
  return groups.flatMap((group) =>
    group.rules.map((rule, index) => ({
      ...timed(group, rule.evaluationTime),
      name: rule.name,
      query: rule.query,
      index,
    })),
  );
}

function timed(group: RuleGroup, evaluationTime: number | undefined): Timed {
  const took = evaluationTime ?? null;
  return { group: group.name, file: group.file, took, interval: group.interval, share: shareOf(took, group.interval) };
}
