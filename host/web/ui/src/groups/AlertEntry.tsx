import { Group, Stack, Text } from "@mantine/core";
import type { SentAlert } from "../alertingApi";
import { AcknowledgeButton } from "../acknowledge/AcknowledgeButton";
import { AcknowledgementNote } from "../acknowledge/AcknowledgementNote";
import { Annotations } from "../alerts/Annotations";
import { LabelSet } from "../components/LabelSet";
import { StateBadge } from "../components/StateBadge";
import { RelativeTime } from "../components/Time";
import { parseInstant } from "../format/time";
import { matchersOf } from "../matchers/matcher";
import classes from "./AlertEntry.module.css";
import { kindsOf } from "./groupFilter";
import { QuietReasons } from "./QuietReasons";
import { SilenceLink } from "./SilenceLink";

interface Props {
  alert: SentAlert;
  /** Labels that stand above it already. */
  without: readonly string[];
  names: ReadonlyMap<string, string>;
  onPick: (name: string, value: string) => void;
  onChanged: () => void;
}

/** One alert of a group. */
export function AlertEntry({ alert, without, names, onPick, onChanged }: Props) {
  const { acknowledgement, generatorURL } = alert;
  const matchers = matchersOf(alert.labels);
  return (
    <article className={classes.entry}>
      <Group justify="space-between" align="flex-start" gap="xs">
        <Group gap="xs" flex="1 1 320px">
          {kindsOf(alert).map((kind) => (
            <StateBadge key={kind} state={kind} />
          ))}
          <LabelSet labels={alert.labels} without={without} onPick={onPick} />
        </Group>
        <Group gap="xs">
          <SilenceLink matchers={matchers} />
          {!acknowledgement && <AcknowledgeButton matchers={matchers} onDone={onChanged} />}
        </Group>
      </Group>
      <Stack gap={2} mt={6}>
        <Text size="xs" c="dimmed">
          since <RelativeTime at={parseInstant(alert.startsAt)} />
          {generatorURL !== undefined && /^https?:\/\//.test(generatorURL) && (
            <>
              {", "}
              <a href={generatorURL} target="_blank" rel="noreferrer">
                source
              </a>
            </>
          )}
        </Text>
        <QuietReasons reasons={alert.status} nameOf={(fingerprint) => names.get(fingerprint)} />
        {acknowledgement && (
          <AcknowledgementNote acknowledgement={acknowledgement} fingerprint={alert.fingerprint} onDone={onChanged} />
        )}
        <Annotations annotations={alert.annotations} />
      </Stack>
    </article>
  );
}
