import { Box, Stack, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useCallback } from "react";
import { getSentAlerts } from "../alertingApi";
import { LabelSet } from "../components/LabelSet";
import { RequestNotice } from "../components/RequestNotice";
import { useBounded } from "../components/useBounded";
import { count } from "../format/value";
import { useRequest } from "../state/useRequest";
import { formatMatchers, parseMatchers, type Matcher } from "./matcher";

const INTERVAL_MS = 10_000;
const TYPING_PAUSE_MS = 250;
const ALERTS_AT_ONCE = 10;

interface Props {
  matchers: readonly Matcher[];
  /** What is said where there are none. */
  none: string;
}

/** The alerts that match now: seen before anything is done about them. */
export function AffectedAlerts({ matchers, none }: Props) {
  const [asked] = useDebouncedValue(formatMatchers(matchers), TYPING_PAUSE_MS);
  return (
    <Box component="section" aria-label="Alerts that match" aria-live="polite" mih={48}>
      {asked === "" ? (
        <Text size="sm" c="dimmed">
          Without matchers there is nothing that matches.
        </Text>
      ) : (
        <Matching key={asked} asked={asked} none={none} />
      )}
    </Box>
  );
}

function Matching({ asked, none }: { asked: string; none: string }) {
  const load = useCallback(
    (signal: AbortSignal) => getSentAlerts({ matchers: parseMatchers(asked) ?? [] }, signal),
    [asked],
  );
  const state = useRequest(load, { intervalMs: INTERVAL_MS });
  const alerts = state.answer?.data ?? [];
  const [shown, more] = useBounded(alerts, ALERTS_AT_ONCE);
  if (!state.answer && !state.error) {
    return (
      <Text size="sm" c="dimmed">
        Looking for alerts that match …
      </Text>
    );
  }
  return (
    <>
      <RequestNotice state={state} />
      {state.answer && (
        <Text size="sm" fw={500} mb={6}>
          {alerts.length === 0 ? none : `${count(alerts.length, "alert matches", "alerts match")} now:`}
        </Text>
      )}
      <Stack gap={6} component="ul" m={0} p={0} style={{ listStyle: "none" }}>
        {shown.map((alert) => (
          <li key={alert.fingerprint}>
            <LabelSet labels={alert.labels} />
          </li>
        ))}
      </Stack>
      {more}
    </>
  );
}
