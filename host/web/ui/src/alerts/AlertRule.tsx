import { Group, Stack, Table, Text } from "@mantine/core";
import type { SentAlert } from "../alertingApi";
import type { Alert, AlertingRule, Labels } from "../api";
import { AcknowledgeButton } from "../acknowledge/AcknowledgeButton";
import { AcknowledgementNote } from "../acknowledge/AcknowledgementNote";
import { ErrorText } from "../components/ErrorText";
import { ExprLink } from "../components/ExprLink";
import { LabelSet } from "../components/LabelSet";
import { StateBadge } from "../components/StateBadge";
import { RelativeTime } from "../components/Time";
import { useBounded } from "../components/useBounded";
import { humanizeSeconds } from "../format/duration";
import { parseInstant } from "../format/time";
import { formatValue, parseValue } from "../format/value";
import { SilenceLink } from "../groups/SilenceLink";
import { matchersOf } from "../matchers/matcher";
import classes from "./AlertRule.module.css";
import { Annotations } from "./Annotations";

const ALERTS_AT_ONCE = 50;

interface Props {
  rule: AlertingRule;
  /** The alert that was sent to be notified of, by the labels of the rule's. */
  sentOf: (labels: Labels) => SentAlert | undefined;
  /** Called when something was done about an alert. */
  onChanged: () => void;
}

/** One alerting rule; its active alerts unfold. */
export function AlertRule({ rule, sentOf, onChanged }: Props) {
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
          <Table.ScrollContainer minWidth={760}>
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
                  <Table.Th scope="col" w={190}>
                    <span className="nx-hidden">What can be done</span>
                  </Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {shown.map((alert) => (
                  <AlertRow
                    key={JSON.stringify(alert.labels)}
                    alert={alert}
                    sent={alert.state === "firing" ? sentOf(alert.labels) : undefined}
                    onChanged={onChanged}
                  />
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

function AlertRow({ alert, sent, onChanged }: { alert: Alert; sent: SentAlert | undefined; onChanged: () => void }) {
  const acknowledgement = sent?.acknowledgement;
  return (
    <Table.Tr className={classes.row}>
      <Table.Td>
        <LabelSet labels={alert.labels} without={["alertname"]} />
        {sent && acknowledgement && (
          <AcknowledgementNote acknowledgement={acknowledgement} fingerprint={sent.fingerprint} onDone={onChanged} />
        )}
        <Annotations annotations={alert.annotations} />
      </Table.Td>
      <Table.Td>
        <StateBadge state={alert.state} />
        {sent && sent.status.silencedBy.length > 0 && <StateBadge state="silenced" />}
        {sent && sent.status.inhibitedBy.length > 0 && <StateBadge state="inhibited" />}
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
      <Table.Td>
        {sent && (
          <Group gap="xs" wrap="nowrap" justify="flex-end">
            <SilenceLink matchers={matchersOf(sent.labels)} />
            {!acknowledgement && <AcknowledgeButton matchers={matchersOf(sent.labels)} onDone={onChanged} />}
          </Group>
        )}
      </Table.Td>
    </Table.Tr>
  );
}
