import { Button, Group, Paper, Popover, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { expireSilence, type Silence, type SilenceState } from "../alertingApi";
import { Annotations } from "../alerts/Annotations";
import { ErrorText } from "../components/ErrorText";
import { StateBadge } from "../components/StateBadge";
import { AbsoluteTime, RelativeTime, TimeUntil } from "../components/Time";
import { parseInstant } from "../format/time";
import { count } from "../format/value";
import { KINDS, writeKinds } from "../groups/groupFilter";
import { formatMatchers } from "../matchers/matcher";
import { MatcherSet } from "../matchers/MatcherSet";
import { Link } from "../router";
import { useNow } from "../state/now";
import { describeInterval } from "./interval";

const COLORS: Record<SilenceState, string> = { active: "green", pending: "yellow", expired: "gray" };

interface Props {
  silence: Silence;
  /** How many alerts it keeps quiet now. */
  quiet: number;
  onChanged: () => void;
}

/** One silence: what about, for how long, by whom and why. */
export function SilenceCard({ silence, quiet, onChanged }: Props) {
  const { id, matchers, createdBy, comment, timeIntervals = [] } = silence;
  const { state } = silence.status;
  return (
    <Paper component="article" withBorder p="md" bg="var(--nx-surface)" aria-label={`Silence ${id}`}>
      <Group justify="space-between" align="flex-start" gap="sm">
        <Stack gap={6} flex="1 1 320px">
          <Group gap="xs">
            <StateBadge state={state} color={COLORS[state]} />
            <MatcherSet matchers={matchers} />
          </Group>
          <Text size="sm">
            <Bounds silence={silence} />
          </Text>
          {timeIntervals.map((interval) => (
            <Text key={JSON.stringify(interval)} size="sm">
              Recurs: {describeInterval(interval)}
            </Text>
          ))}
          <Text size="sm" style={{ overflowWrap: "anywhere", whiteSpace: "pre-wrap" }}>
            <b>{createdBy}</b>: {comment}
          </Text>
          <Annotations annotations={silence.annotations ?? {}} />
          <Text size="xs" c="dimmed">
            {state !== "expired" && (
              <>
                {quiet === 0 ? "keeps nothing quiet now" : `keeps ${count(quiet, "alert", "alerts")} quiet now`},{" "}
                <Link
                  page="groups"
                  search={`?${new URLSearchParams({ filter: formatMatchers(matchers), show: writeKinds(KINDS) })}`}
                >
                  alerts that match
                </Link>
                ,{" "}
              </>
            )}
            changed <RelativeTime at={parseInstant(silence.updatedAt)} />
          </Text>
        </Stack>
        <SilenceActions silence={silence} onDone={onChanged} />
      </Group>
    </Paper>
  );
}

function Bounds({ silence }: { silence: Silence }) {
  const now = useNow();
  const startsAt = wholeSecond(silence.startsAt);
  const endsAt = wholeSecond(silence.endsAt);
  if (silence.status.state === "expired") {
    return (
      <>
        Ended <RelativeTime at={endsAt} />, began <AbsoluteTime at={startsAt} />
      </>
    );
  }
  // One that recurs is pending between its times, long after it began.
  const isToCome = startsAt !== null && startsAt > now;
  return (
    <>
      {isToCome ? (
        <>
          Starts <TimeUntil at={startsAt} />
        </>
      ) : (
        <>
          Since <AbsoluteTime at={startsAt} />
        </>
      )}
      , ends <TimeUntil at={endsAt} /> (<AbsoluteTime at={endsAt} />)
    </>
  );
}

function wholeSecond(instant: string): number | null {
  const at = parseInstant(instant);
  return at === null ? null : Math.floor(at / 1000) * 1000;
}

function SilenceActions({ silence, onDone }: { silence: Silence; onDone: () => void }) {
  const [isAsking, setAsking] = useState(false);
  const [isSending, setSending] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const isOver = silence.status.state === "expired";

  async function expire() {
    setAsking(false);
    setSending(true);
    setFailure(null);
    try {
      await expireSilence(silence.id);
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    }
    setSending(false);
    onDone();
  }

  return (
    <Stack gap={6} align="flex-end">
      <Group gap="xs">
        <Button
          component={Link}
          page="silences"
          search={`?${new URLSearchParams({ edit: silence.id })}`}
          size="compact-xs"
          variant="default"
        >
          {isOver ? "Make again" : "Edit"}
        </Button>
        {!isOver && (
          <Popover opened={isAsking} onChange={setAsking} trapFocus withArrow position="bottom-end">
            <Popover.Target>
              <Button size="compact-xs" variant="default" loading={isSending} onClick={() => setAsking(!isAsking)}>
                Expire
              </Button>
            </Popover.Target>
            <Popover.Dropdown maw={300}>
              <Text size="sm" mb="xs">
                Receivers are told again of what it keeps quiet.
              </Text>
              <Button size="xs" color="red" onClick={() => void expire()}>
                Expire this silence
              </Button>
            </Popover.Dropdown>
          </Popover>
        )}
      </Group>
      {failure !== null && <ErrorText>{failure}</ErrorText>}
    </Stack>
  );
}
