import { Badge, Button, Group, Popover, Stack, Table, Text } from "@mantine/core";
import { useState } from "react";
import { ErrorText } from "../components/ErrorText";
import { deleteDashboard, type DashboardEntry } from "../dashboardApi";
import { Link } from "../router";
import { useOperation } from "../state/useOperation";

interface Props {
  entries: readonly DashboardEntry[];
  isWritable: boolean;
  onChanged: () => void;
}

/** All dashboards, with what can be done with each. */
export function DashboardList({ entries, isWritable, onChanged }: Props) {
  return (
    <Table.ScrollContainer minWidth={560}>
      <Table horizontalSpacing="md" verticalSpacing="xs" bg="var(--nx-surface)" withTableBorder>
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">Dashboard</Table.Th>
            <Table.Th scope="col">Tags</Table.Th>
            <Table.Th scope="col">Kept in</Table.Th>
            <Table.Th scope="col" w={100}>
              <span className="nx-hidden">Actions</span>
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {entries.map((entry) => (
            <Table.Tr key={`${entry.uid} ${entry.file ?? ""}`}>
              <Table.Td>
                {entry.error === null ? (
                  <Link page="dashboards" search={`?uid=${encodeURIComponent(entry.uid)}`} style={{ fontWeight: 600 }}>
                    {entry.title}
                  </Link>
                ) : (
                  <>
                    <Text size="sm" fw={600}>
                      {entry.title || entry.file}
                    </Text>
                    <ErrorText>{entry.error}</ErrorText>
                  </>
                )}
              </Table.Td>
              <Table.Td>
                <Group gap={4}>
                  {entry.tags.map((tag) => (
                    <Badge key={tag} variant="light" color="gray" size="sm" tt="none">
                      {tag}
                    </Badge>
                  ))}
                </Group>
              </Table.Td>
              <Table.Td fz="sm">{entry.source === "bundled" ? "comes with the host" : entry.file}</Table.Td>
              <Table.Td>
                {isWritable && entry.source === "folder" && entry.error === null && (
                  <DeleteButton entry={entry} onDone={onChanged} />
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function DeleteButton({ entry, onDone }: { entry: DashboardEntry; onDone: () => void }) {
  const [isAsking, setAsking] = useState(false);
  const [operation, run] = useOperation<void>();
  const remove = () =>
    run(async (signal) => {
      await deleteDashboard(entry.uid, signal);
      setAsking(false);
      onDone();
    });
  return (
    <Popover opened={isAsking} onChange={setAsking} trapFocus withArrow position="bottom-end">
      <Popover.Target>
        <Button size="xs" variant="default" aria-label={`Delete ${entry.title}`} onClick={() => setAsking(!isAsking)}>
          Delete
        </Button>
      </Popover.Target>
      <Popover.Dropdown maw={320}>
        <Stack gap="xs">
          <Text size="sm">The file {entry.file} goes, and with it the dashboard.</Text>
          {operation.state === "failed" && <ErrorText>{operation.message}</ErrorText>}
          <Group gap="xs">
            <Button size="xs" color="red" loading={operation.state === "running"} onClick={remove}>
              Delete
            </Button>
            <Button size="xs" variant="default" onClick={() => setAsking(false)}>
              Keep
            </Button>
          </Group>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
