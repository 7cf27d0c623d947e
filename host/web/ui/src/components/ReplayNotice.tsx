import { Alert, Progress, Text } from "@mantine/core";
import { useState } from "react";
import { getWalReplay } from "../api";
import { replayView } from "../state/replay";
import { useRequest } from "../state/useRequest";

/** A replay takes seconds: long enough to be told, too short to miss its end. */
const RUNNING_INTERVAL_MS = 1_000;
/** The host may be started anew under an open page. */
const IDLE_INTERVAL_MS = 30_000;

/** Above every page, while the host reads what it had stored before its start. */
export function ReplayNotice() {
  const [isRunning, setIsRunning] = useState(true);
  const { answer } = useRequest(getWalReplay, {
    intervalMs: isRunning ? RUNNING_INTERVAL_MS : IDLE_INTERVAL_MS,
  });
  const view = answer ? replayView(answer.data) : null;
  const isRunningNow = answer === null || (view !== null && !view.hasFailed);
  if (isRunningNow !== isRunning) setIsRunning(isRunningNow);
  if (!view) return null;
  return (
    <Alert color={view.hasFailed ? "red" : "blue"} mb="md" role="status">
      <Text size="sm">{view.text}</Text>
      {!view.hasFailed && <Progress value={view.percent} mt="xs" aria-label="Replay of the log" />}
    </Alert>
  );
}
