import { Alert, Button, Checkbox, Code, Divider, Group, Stack, Text } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { ErrorText } from "../components/ErrorText";
import { Section } from "../components/Section";
import { useOperation } from "../state/useOperation";
import { cleanTombstones, makeSnapshot } from "../statusApi";
import { DeleteForm } from "./DeleteForm";

interface Props {
  /** Whether the host lets its store be worked on; null while unknown. */
  isAllowed: boolean | null;
  /** Called when the store has changed. */
  onDone: () => void;
}

/** Deleting from the store, and copying it. */
export function AdminSection({ isAllowed, onDone }: Props) {
  if (isAllowed === null) return null;
  return (
    <Section title="Delete and copy">
      {isAllowed ? (
        <Stack p="md" gap="lg">
          <DeleteForm onDone={onDone} />
          <Divider />
          <CleanForm onDone={onDone} />
          <Divider />
          <SnapshotForm />
        </Stack>
      ) : (
        <Text size="sm" c="dimmed" p="md">
          This is switched off. Start the host with <Code>--web.enable-admin-api</Code> to delete series, to give
          their room back and to copy the store from here.
        </Text>
      )}
    </Section>
  );
}

function CleanForm({ onDone }: { onDone: () => void }) {
  const [cleaning, clean] = useOperation<void>();
  return (
    <Work
      title="Give the room of deleted series back"
      about="What is deleted is marked first, and leaves the disk when its block is written anew. This does so now."
    >
      <Button
        variant="default"
        loading={cleaning.state === "running"}
        onClick={() =>
          clean(async (signal) => {
            await cleanTombstones(signal);
            onDone();
          })
        }
      >
        Clean tombstones
      </Button>
      {cleaning.state === "failed" && <ErrorText>{cleaning.message}</ErrorText>}
      {cleaning.state === "done" && <Outcome>No tombstones are left.</Outcome>}
    </Work>
  );
}

function SnapshotForm() {
  const [skipHead, setSkipHead] = useState(false);
  const [snapshot, make] = useOperation<string>();
  return (
    <Work
      title="Copy the store"
      about="A snapshot is a folder of blocks that another server can start with. It shares its files with the store where it can."
    >
      <Group gap="md">
        <Button
          variant="default"
          loading={snapshot.state === "running"}
          onClick={() => make(async (signal) => (await makeSnapshot(skipHead, signal)).data.name)}
        >
          Make a snapshot
        </Button>
        <Checkbox
          label="Only blocks, without the newest samples in the head"
          checked={skipHead}
          onChange={(event) => setSkipHead(event.currentTarget.checked)}
        />
      </Group>
      {snapshot.state === "failed" && <ErrorText>{snapshot.message}</ErrorText>}
      {snapshot.state === "done" && (
        <Outcome>
          The copy is in <Code>snapshots/{snapshot.result}</Code> in the folder of the store.
        </Outcome>
      )}
    </Work>
  );
}

function Work({ title, about, children }: { title: string; about: string; children: ReactNode }) {
  return (
    <Stack gap="xs" align="flex-start">
      <div>
        <Text size="sm" fw={500}>
          {title}
        </Text>
        <Text size="xs" c="dimmed">
          {about}
        </Text>
      </div>
      {children}
    </Stack>
  );
}

function Outcome({ children }: { children: ReactNode }) {
  return (
    <Alert color="green" role="status" py="xs">
      {children}
    </Alert>
  );
}
