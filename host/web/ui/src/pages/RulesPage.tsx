import { Stack, Table, Text } from "@mantine/core";
import { useMemo } from "react";
import { getBareRules, type Rule, type RuleGroup, type RuleHealth } from "../api";
import { Copyable } from "../components/CopyButton";
import { EmptyState } from "../components/EmptyState";
import { ErrorText } from "../components/ErrorText";
import { ExprLink } from "../components/ExprLink";
import { FilterBar } from "../components/FilterBar";
import { LabelSet } from "../components/LabelSet";
import { PageHead } from "../components/PageHead";
import { Section } from "../components/Section";
import { StateBadge } from "../components/StateBadge";
import { RelativeTime } from "../components/Time";
import { useBounded } from "../components/useBounded";
import { humanizeSeconds } from "../format/duration";
import { labelTexts, matchesFilter } from "../format/labels";
import { parseInstant } from "../format/time";
import { useSearchParam } from "../router";
import { useRequest } from "../state/useRequest";

const INTERVAL_MS = 10_000;
const GROUPS_AT_ONCE = 50;
const RULES_AT_ONCE = 100;

const EXAMPLE = `rule_files: [rules.yml]

# rules.yml
groups:
  - name: machine
    rules:
      - record: instance:node_cpu_utilisation:rate1m
        expr: 1 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[1m]))`;

/** All rule groups: what is evaluated, how it went, how long it took. */
export default function RulesPage() {
  const state = useRequest(getBareRules, { intervalMs: INTERVAL_MS });
  const [health, setHealth] = useSearchParam("health");
  const [text, setText] = useSearchParam("search");
  const all = state.answer?.data.groups;
  const groups = useMemo(() => filterRules(all ?? [], health, text), [all, health, text]);
  const rules = (all ?? []).flatMap((group) => group.rules);
  const amountOf = (health: RuleHealth) => rules.filter((rule) => rule.health === health).length;
  const shown = groups.reduce((sum, group) => sum + group.rules.length, 0);
  const [visible, more] = useBounded(groups, GROUPS_AT_ONCE);

  return (
    <>
      <PageHead title="Rules" state={state} />
      {all && rules.length === 0 && (
        <EmptyState title="No rules" example={EXAMPLE}>
          Name a rule file in the configuration and reload. Recording rules keep what is asked often; alerting
          rules say what must not happen.
        </EmptyState>
      )}
      {rules.length > 0 && (
        <FilterBar
          label="Health"
          choices={[
            { value: "", label: "All", amount: rules.length },
            { value: "ok", label: "Healthy", amount: amountOf("ok") },
            { value: "err", label: "Failing", amount: amountOf("err") },
            { value: "unknown", label: "Not evaluated", amount: amountOf("unknown") },
          ]}
          choice={health}
          onChoice={setHealth}
          text={text}
          onText={setText}
          placeholder="Rule, group, expression or label"
          shown={shown}
          noun={["rule", "rules"]}
        />
      )}
      {rules.length > 0 && shown === 0 && <Text c="dimmed">No rule passes this filter.</Text>}
      {visible.map((group) => (
        <GroupSection key={`${group.file}\n${group.name}`} group={group} />
      ))}
      {more}
    </>
  );
}

function GroupSection({ group }: { group: RuleGroup }) {
  const [shown, more] = useBounded(group.rules, RULES_AT_ONCE);
  return (
    <Section
      title={group.name}
      aside={
        <Text size="xs" c="dimmed">
          {group.file}, every {humanizeSeconds(group.interval)}, last <RelativeTime at={parseInstant(group.lastEvaluation)} />
          {group.evaluationTime !== undefined && `, took ${humanizeSeconds(group.evaluationTime)}`}
        </Text>
      }
    >
      <Table.ScrollContainer minWidth={760}>
        <Table horizontalSpacing="md" verticalSpacing="xs">
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">Rule</Table.Th>
              <Table.Th scope="col" w={100}>
                Health
              </Table.Th>
              <Table.Th scope="col" w={140}>
                Last evaluation
              </Table.Th>
              <Table.Th scope="col" w={110} ta="right">
                Took
              </Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {shown.map((rule, index) => (
              <RuleRow key={`${rule.name} ${index}`} rule={rule} />
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {more}
    </Section>
  );
}

function RuleRow({ rule }: { rule: Rule }) {
  return (
    <Table.Tr style={{ verticalAlign: "top" }}>
      <Table.Td>
        <Stack gap={6} align="flex-start">
          <div>
            <Text span size="sm" c="dimmed">
              {rule.type === "alerting" ? "alert " : "record "}
            </Text>
            <Text span size="sm" fw={600} style={{ overflowWrap: "anywhere" }}>
              <Copyable text={rule.name} what="the name of this rule">
                {rule.name}
              </Copyable>
            </Text>
          </div>
          <ExprLink expr={rule.query} />
          <LabelSet labels={rule.labels ?? {}} />
          {rule.lastError && <ErrorText>{rule.lastError}</ErrorText>}
        </Stack>
      </Table.Td>
      <Table.Td>
        <StateBadge state={rule.health} />
      </Table.Td>
      <Table.Td fz="sm">
        <RelativeTime at={parseInstant(rule.lastEvaluation)} />
      </Table.Td>
      <Table.Td ta="right" fz="sm">
        {rule.evaluationTime === undefined ? "–" : humanizeSeconds(rule.evaluationTime)}
      </Table.Td>
    </Table.Tr>
  );
}

function filterRules(groups: readonly RuleGroup[], health: string, text: string): RuleGroup[] {
  return groups
    .map((group) => ({
      ...group,
      rules: group.rules
        .filter((rule) => health === "" || rule.health === health)
        .filter((rule) => matchesFilter(text, [rule.name, group.name, rule.query, ...labelTexts(rule.labels ?? {})])),
    }))
    .filter((group) => group.rules.length > 0);
}
