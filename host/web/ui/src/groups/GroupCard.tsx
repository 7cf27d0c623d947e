import { Group, Text } from "@mantine/core";
import type { NotificationGroup } from "../alertingApi";
import { AcknowledgeButton } from "../acknowledge/AcknowledgeButton";
import { LabelSet } from "../components/LabelSet";
import { Section } from "../components/Section";
import { useBounded } from "../components/useBounded";
import { count } from "../format/value";
import { commonLabels, matchersOf } from "../matchers/matcher";
import { AlertEntry } from "./AlertEntry";
import { SilenceLink } from "./SilenceLink";

const ALERTS_AT_ONCE = 20;

interface Props {
  group: NotificationGroup;
  /** The names of alerts by their fingerprints: of those that keep others quiet. */
  names: ReadonlyMap<string, string>;
  onPick: (name: string, value: string) => void;
  onChanged: () => void;
}

/** Alerts that a receiver is told of together. */
export function GroupCard({ group, names, onPick, onChanged }: Props) {
  const [shown, more] = useBounded(group.alerts, ALERTS_AT_ONCE);
  const hasLabels = Object.keys(group.labels).length > 0;
  // A group of everything has no labels of its own: what its alerts share stands for it.
  const matchers = matchersOf(hasLabels ? group.labels : commonLabels(group.alerts.map((alert) => alert.labels)));
  return (
    <Section
      title={
        <Group gap="xs">
          {hasLabels ? (
            <LabelSet labels={group.labels} onPick={onPick} />
          ) : (
            <Text span inherit>
              all in one group
            </Text>
          )}
          <Text span size="sm" fw={400}>
            to {group.receiver.name}
          </Text>
        </Group>
      }
      aside={
        <Group gap="xs">
          <Text size="sm" c="dimmed">
            {count(group.alerts.length, "alert", "alerts")}
          </Text>
          {matchers.length > 0 && (
            <>
              <SilenceLink matchers={matchers} />
              {group.alerts.some((alert) => !alert.acknowledgement) && (
                <AcknowledgeButton matchers={matchers} onDone={onChanged} />
              )}
            </>
          )}
        </Group>
      }
    >
      {Object.keys(group.routeLabels).length > 0 && (
        <Group gap="xs" px="md" pt="sm">
          <Text size="xs" c="dimmed">
            Labels of the route
          </Text>
          <LabelSet labels={group.routeLabels} />
        </Group>
      )}
      {shown.map((alert) => (
        <AlertEntry
          key={alert.fingerprint}
          alert={alert}
          without={Object.keys(group.labels)}
          names={names}
          onPick={onPick}
          onChanged={onChanged}
        />
      ))}
      {more}
    </Section>
  );
}
