import { Group, Stack, Table, Text } from "@mantine/core";
import type { Alert, AlertingRule } from "../api";
import { ErrorText } from "../components/ErrorText";
import { ExprLink } from "../components/ExprLink";
import { LabelSet } from "../components/LabelSet";
import { StateBadge } from "../components/StateBadge";
import { RelativeTime } from "../components/Time";
import { useBounded } from "../components/useBounded";
import { humanizeSeconds } from "../format/duration";
import { parseInstant } from "../format/time";
import { formatValue, parseValue } from "../format/value";
import classes from "./AlertRule.module.css";
import { Annotations } from "./Annotations";

const ALERTS_AT_ONCE = 50;

/** One alerting rule; its active alerts unfold. */
export function AlertRule({ rule }: { rule: AlertingRule }) {
  const alerts = rule.alerts ?? [];
  const [shown, more] = useBounded(alerts, ALERTS_AT_ONCE);
  return (
    <details className={classes.rule} open={rule.state === "firing"} data-state={rule.state}>
      <summary className={classes.summary}>
        <Group gap="sm" flex={1}>
          <StateBadge state={rule.state} />
          <Text fw={600} size="sm">
            {rule.name}
          </Text>
          <LabelSet labels={rule.labels ?? {}} />
          {rule.health === "err" && <StateBadge state="err" />}
        </Group>
        <Text size="xs" c="dimmed" className={classes.count}>
          {alerts.length === 0 ? "no active alerts" : `${alerts.length} active`}
        </Text>
      </summary>
      <Stack gap="sm" px="md" pb="md">
        <Group gap="sm">
          <ExprLink expr={rule.query} />
          <Text size="xs" c="dimmed">
            {rule.duration ? `for ${humanizeSeconds(rule.duration)}` : "fires at once"}
            {rule.keepFiringFor ? `, keeps firing for ${humanizeSeconds(rule.keepFiringFor)}` : ""}
          </Text>
        </Group>
        {rule.lastError && <ErrorText>{rule.lastError}</ErrorText>}
        {alerts.length === 0 && <Annotations annotations={rule.annotations ?? {}} />}
        {alerts.length > 0 && (
          <Table.ScrollContainer minWidth={640}>
            <Table verticalSpacing="xs">
              <Table.Thead>
                <Table.Tr>
                  <Table.Th scope="col">Alert</Table.Th>
                  <Table.Th scope="col" w={110}>
                    State
                  </Table.Th>
                  <Table.Th scope="col" w={160}>
                    Active since
                  </Table.Th>
                  <Table.Th scope="col" w={120} ta="right">
                    Value
                  </Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {shown.map((alert) => (
                  <AlertRow key={JSON.stringify(alert.labels)} alert={alert} />
                ))}
              </Table.Tbody>
            </Table>
            {more}
          </Table.ScrollContainer>
        )}
      </Stack>
    </details>
  );
}

function AlertRow({ alert }: { alert: Alert }) {
  return (
    <Table.Tr className={classes.row}>
      <Table.Td>
        <LabelSet labels={alert.labels} without={["alertname"]} />
        <Annotations annotations={alert.annotations} />
      </Table.Td>
      <Table.Td>
        <StateBadge state={alert.state} />
      </Table.Td>
      <Table.Td>
        <Text size="sm">
          <RelativeTime at={parseInstant(alert.activeAt)} />
        </Text>
        {alert.keepFiringSince && (
          <Text size="xs" c="dimmed">
            kept firing since <RelativeTime at={parseInstant(alert.keepFiringSince)} />
          </Text>
        )}
      </Table.Td>
      <Table.Td ta="right" ff="monospace" fz={13} title={alert.value}>
        {formatValue(parseValue(alert.value))}
      </Table.Td>
    </Table.Tr>
  );
}
