/** Which alert that was sent belongs to an alert of a rule. Pure. */
import type { Labels } from "../api";
import type { SentAlert } from "../alertingApi";

/**
 * Sent alerts have the labels of their rule, and external ones. Where relabeling changed what a rule
 * said, none is found.
 */
export function sentAlertFinder(sent: readonly SentAlert[]): (labels: Labels) => SentAlert | undefined {
  const byName = new Map<string | undefined, SentAlert[]>();
  for (const alert of sent) {
    const name = alert.labels["alertname"];
    const alerts = byName.get(name);
    if (alerts) alerts.push(alert);
    else byName.set(name, [alert]);
  }
  return (labels) => {
    const pairs = Object.entries(labels);
    return byName
      .get(labels["alertname"])
      ?.filter((alert) => pairs.every(([name, value]) => alert.labels[name] === value))
      .sort((a, b) => Object.keys(a.labels).length - Object.keys(b.labels).length)[0];
  };
}
