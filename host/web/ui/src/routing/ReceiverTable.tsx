import { Group, Table, Text } from "@mantine/core";
import type { Integration, Receiver } from "../alertingApi";
import { ErrorText } from "../components/ErrorText";
import { LabelSet } from "../components/LabelSet";
import { StateBadge } from "../components/StateBadge";
import { RelativeTime } from "../components/Time";
import { useBounded } from "../components/useBounded";
import { humanizeSeconds, parseDuration } from "../format/duration";
import { parseInstant } from "../format/time";
import { KINDS, writeKinds } from "../groups/groupFilter";
import { Link } from "../router";

const RECEIVERS_AT_ONCE = 50;

/** Who can be told, by what, and how that went the last time. */
export function ReceiverTable({ receivers }: { receivers: readonly Receiver[] }) {
  const [shown, more] = useBounded(receivers, RECEIVERS_AT_ONCE);
  return (
    <Table.ScrollContainer minWidth={640}>
      <Table verticalSpacing="xs" horizontalSpacing="md">
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col" w="28%">
              Receiver
            </Table.Th>
            <Table.Th scope="col" w="18%">
              Told by
            </Table.Th>
            <Table.Th scope="col">Last notification</Table.Th>
          </Table.Tr>
        </Table.Thead>
        {shown.map((receiver) => (
          <Rows key={receiver.name} receiver={receiver} />
        ))}
      </Table>
      {more}
    </Table.ScrollContainer>
  );
}

function Rows({ receiver }: { receiver: Receiver }) {
  const { integrations } = receiver;
  return (
    <Table.Tbody style={{ verticalAlign: "top", borderBottom: "1px solid var(--nx-border)" }}>
      {integrations.length === 0 ? (
        <Table.Tr>
          <Name receiver={receiver} />
          <Table.Td colSpan={2} c="dimmed">
            Nothing is told.
          </Table.Td>
        </Table.Tr>
      ) : (
        integrations.map((integration, index) => (
          <Table.Tr key={`${integration.name} ${integration.index}`}>
            {index === 0 && <Name receiver={receiver} />}
            <Table.Td>
              <Link
                page="plugins"
                search={`?${new URLSearchParams({ kind: "notifier", search: integration.name })}`}
                title={`The plugin ${integration.name}`}
              >
                {integration.name}
              </Link>
              {integrations.some((each) => each.name === integration.name && each.index > 0) &&
                ` ${integration.index + 1}`}
              {!integration.sendResolved && (
                <Text size="xs" c="dimmed">
                  not told of ends
                </Text>
              )}
            </Table.Td>
            <Table.Td>
              <LastNotification integration={integration} />
            </Table.Td>
          </Table.Tr>
        ))
      )}
    </Table.Tbody>
  );
}

function Name({ receiver }: { receiver: Receiver }) {
  const search = new URLSearchParams({ receiver: receiver.name, show: writeKinds(KINDS) });
  return (
    <Table.Th scope="row" rowSpan={Math.max(1, receiver.integrations.length)} fw={500}>
      <Group gap="xs">
        <Link page="groups" search={`?${search}`} title={`Groups of ${receiver.name}`}>
          {receiver.name}
        </Link>
        <LabelSet labels={receiver.labels} without={["name"]} />
      </Group>
    </Table.Th>
  );
}

function LastNotification({ integration }: { integration: Integration }) {
  const { lastAttempt, lastDuration, lastError, lastNote, lastSuccess } = integration;
  const [at, takenAt] = [parseInstant(lastAttempt), parseInstant(lastSuccess)];
  const duration = lastDuration === null ? null : parseDuration(lastDuration);
  if (at === null) {
    return (
      <Text size="sm" c="dimmed">
        none since the start
      </Text>
    );
  }
  return (
    <>
      <Group gap="xs">
        <StateBadge state={lastError === null ? "taken" : "failed"} color={lastError === null ? "green" : "red"} />
        <Text size="sm">
          <RelativeTime at={at} />
          {duration !== null && `, took ${humanizeSeconds(duration / 1000)}`}
        </Text>
      </Group>
      {lastNote !== "" && (
        <Text size="sm" c="dimmed">
          {lastNote}
        </Text>
      )}
      {lastError !== null && (
        <>
          <ErrorText>{lastError}</ErrorText>
          <Text size="sm" c="dimmed">
            {takenAt === null ? (
              "none was taken since the start"
            ) : (
              <>
                the last that was taken: <RelativeTime at={takenAt} />
              </>
            )}
          </Text>
        </>
      )}
    </>
  );
}
