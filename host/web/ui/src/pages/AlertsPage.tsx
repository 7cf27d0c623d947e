import { Text } from "@mantine/core";
import { useMemo } from "react";
import { ALERT_STATES, alertGroups, countStates } from "../alerts/alertGroups";
import { AlertRule } from "../alerts/AlertRule";
import { sentAlertFinder } from "../alerts/sentAlert";
import { getRules } from "../api";
import { EmptyState } from "../components/EmptyState";
import { FilterBar } from "../components/FilterBar";
import { PageHead } from "../components/PageHead";
import { Section } from "../components/Section";
import { useBounded } from "../components/useBounded";
import { useSearchParam } from "../router";
import { useSentAlerts } from "../state/sentAlerts";
import { useRequest } from "../state/useRequest";

const INTERVAL_MS = 5_000;
const GROUPS_AT_ONCE = 50;

const EXAMPLE = `rule_files: [rules.yml]

# rules.yml
groups:
  - name: availability
    rules:
      - alert: TargetDown
        expr: up == 0
        for: 5m
        annotations: { summary: "{{ $labels.instance }} is down" }`;

/** Alerting rules by state, with their active alerts. */
export default function AlertsPage() {
  const state = useRequest(getRules, { intervalMs: INTERVAL_MS });
  // What can be done about alerts is there when these are known; the rules do not wait for them.
  const sent = useSentAlerts();
  const sentOf = useMemo(() => sentAlertFinder(sent.alerts), [sent.alerts]);
  const [filter, setFilter] = useSearchParam("state");
  const [text, setText] = useSearchParam("search");
  const all = state.answer?.data.groups;
  const groups = useMemo(() => alertGroups(all ?? [], filter, text), [all, filter, text]);
  const counts = useMemo(() => countStates(all ?? []), [all]);
  const total = counts.firing + counts.pending + counts.inactive + counts.unknown;
  const shown = groups.reduce((sum, group) => sum + group.rules.length, 0);
  const [visible, more] = useBounded(groups, GROUPS_AT_ONCE);

  return (
    <>
      <PageHead title="Alerts" state={state} />
      {all && total === 0 && (
        <EmptyState title="No alerting rules" example={EXAMPLE}>
          Name a rule file in the configuration and reload. An alert fires while its expression has results.
        </EmptyState>
      )}
      {total > 0 && (
        <FilterBar
          label="State"
          choices={[
            { value: "", label: "All", amount: total },
            ...ALERT_STATES.map((each) => ({ value: each, label: capitalize(each), amount: counts[each] })),
          ]}
          choice={filter}
          onChoice={setFilter}
          text={text}
          onText={setText}
          placeholder="Rule, group or label, e.g. severity=critical"
          shown={shown}
          noun={["rule", "rules"]}
        />
      )}
      {total > 0 && shown === 0 && <Text c="dimmed">No alerting rule passes this filter.</Text>}
      {visible.map((group) => (
        <Section
          key={`${group.file}\n${group.name}`}
          title={group.name}
          aside={
            <Text size="xs" c="dimmed">
              {group.file}
            </Text>
          }
        >
          {group.rules.map((rule, index) => (
            <AlertRule key={`${rule.name} ${index}`} rule={rule} sentOf={sentOf} onChanged={sent.state.reload} />
          ))}
        </Section>
      ))}
      {more}
    </>
  );
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
