/** Rule groups as the alerts page shows them: filtered, and counted by state. Pure. */
import type { AlertingRule, AlertState, RuleGroup } from "../api";
import { labelTexts, matchesFilter } from "../format/labels";

export interface AlertGroup {
  name: string;
  file: string;
  rules: AlertingRule[];
}

export const ALERT_STATES: readonly AlertState[] = ["firing", "pending", "inactive", "unknown"];

/** Groups with the alerting rules that pass both filters; groups without any are left out. */
export function alertGroups(groups: readonly RuleGroup[], state: string, text: string): AlertGroup[] {
  return groups
    .map((group) => ({
      name: group.name,
      file: group.file,
      rules: group.rules
        .filter((rule): rule is AlertingRule => rule.type === "alerting")
        .filter((rule) => state === "" || rule.state === state)
        .filter((rule) => matchesFilter(text, ruleTexts(rule, group)))
        .sort((a, b) => ALERT_STATES.indexOf(a.state) - ALERT_STATES.indexOf(b.state)),
    }))
    .filter((group) => group.rules.length > 0);
}

export function countStates(groups: readonly RuleGroup[]): Record<AlertState, number> {
  const counts: Record<AlertState, number> = { firing: 0, pending: 0, inactive: 0, unknown: 0 };
  for (const group of groups) {
    for (const rule of group.rules) {
      if (rule.type === "alerting") counts[rule.state] += 1;
    }
  }
  return counts;
}

function ruleTexts(rule: AlertingRule, group: RuleGroup): string[] {
  const ofAlerts = (rule.alerts ?? []).flatMap((alert) => labelTexts(alert.labels));
  return [rule.name, group.name, ...labelTexts(rule.labels ?? {}), ...ofAlerts];
}
