import { Alert, Button, Group, Text } from "@mantine/core";
import type { RequestState } from "../state/useRequest";
import { AbsoluteTime } from "./Time";

/**
 * Says that the newest request failed, from when the shown data is, and that it will be tried again. An alert is read
 * out when it changes: nothing in it counts seconds.
 */
export function RequestNotice({ state }: { state: RequestState<unknown> }) {
  const { error, answeredAt, reload, isLoading } = state;
  if (!error) return null;
  return (
    <Alert color={error.isTransient ? "yellow" : "red"} mb="md" role="alert" title={error.message}>
      <Group justify="space-between">
        <Text size="sm">
          {error.isTransient && "Trying again by itself. "}
          {answeredAt !== null && (
            <>
              What is shown is from <AbsoluteTime at={answeredAt} />.
            </>
          )}
        </Text>
        <Button size="xs" variant="default" onClick={reload} loading={isLoading}>
          Try now
        </Button>
      </Group>
    </Alert>
  );
}
