import {
  Alert,
  Button,
  Checkbox,
  FileButton,
  Group,
  Paper,
  Stack,
  Text,
  Textarea,
  TextInput,
  Title,
} from "@mantine/core";
import { useMemo, useState, type DragEvent } from "react";
import { storeDashboard, type DashboardEntry } from "../dashboardApi";
import { count } from "../format/value";
import { navigate } from "../router";
import { useOperation } from "../state/useOperation";
import { finishImport, isUid, readImport, type ImportDraft } from "./imports";

interface Props {
  existing: readonly DashboardEntry[];
  onClose: () => void;
}

/** Takes the JSON of a Grafana dashboard, from a file or pasted. */
export function ImportForm({ existing, onClose }: Props) {
  const [source, setSource] = useState("");
  const [isOver, setOver] = useState(false);
  const read = useMemo(() => tryRead(source), [source]);
  const takeFile = async (file: File | null | undefined) => {
    if (file) setSource(await file.text());
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    void takeFile(event.dataTransfer.files[0]);
  };
  return (
    <Paper withBorder p="md" mb="md" bg="var(--nx-surface)" component="section" aria-label="Import a dashboard">
      <Stack gap="sm">
        <Group justify="space-between">
          <Title order={2} size="h5">
            Import a Grafana dashboard
          </Title>
          <Group gap="xs">
            <FileButton onChange={(file) => void takeFile(file)} accept="application/json,.json">
              {(props) => (
                <Button {...props} size="xs" variant="default">
                  Choose a file
                </Button>
              )}
            </FileButton>
            <Button size="xs" variant="subtle" color="gray" onClick={onClose}>
              Close
            </Button>
          </Group>
        </Group>
        <Textarea
          aria-label="JSON of the dashboard"
          placeholder="Paste the JSON here, or drop a file."
          rows={6}
          value={source}
          onChange={(event) => setSource(event.currentTarget.value)}
          onDragOver={(event) => {
            event.preventDefault();
            setOver(true);
          }}
          onDragLeave={() => setOver(false)}
          onDrop={drop}
          error={read.error}
          spellCheck={false}
          styles={{
            input: {
              fontFamily: "var(--mantine-font-family-monospace)",
              fontSize: 12,
              ...(isOver ? { borderColor: "var(--nx-ember)" } : {}),
            },
          }}
        />
        {read.draft && <DraftForm key={source} draft={read.draft} existing={existing} />}
      </Stack>
    </Paper>
  );
}

function tryRead(source: string): { draft: ImportDraft | null; error: string | null } {
  if (source.trim() === "") return { draft: null, error: null };
  try {
    return { draft: readImport(source), error: null };
  } catch (error) {
    return { draft: null, error: error instanceof Error ? error.message : String(error) };
  }
}

function DraftForm({ draft, existing }: { draft: ImportDraft; existing: readonly DashboardEntry[] }) {
  const [title, setTitle] = useState(draft.title);
  const [uid, setUid] = useState(draft.uid);
  const [values, setValues] = useState<ReadonlyMap<string, string>>(
    new Map(draft.inputs.map((input) => [input.name, input.value])),
  );
  const [isReplacing, setReplacing] = useState(false);
  const [operation, store] = useOperation<void>();
  const taken = existing.find((each) => each.uid === uid);
  const isOwn = taken?.source === "folder";
  const isComplete = title.trim() !== "" && isUid(uid) && (!isOwn || isReplacing);
  const submit = () =>
    store(async (signal) => {
      const { data } = await storeDashboard(finishImport(draft, { title, uid, values }), isOwn, signal);
      navigate("dashboards", `?uid=${encodeURIComponent(data.uid)}`);
    });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (isComplete) submit();
      }}
    >
      <Stack gap="sm" align="flex-start">
        <Text size="sm">{count(draft.panels, "panel", "panels")}. Data comes from this host.</Text>
        {draft.unknownTypes.length > 0 && (
          <Text size="sm" c="dimmed">
            Not drawn here, and said so in their place:{" "}
            {draft.unknownTypes.map(([type, amount]) => `${type} (${amount})`).join(", ")}.
          </Text>
        )}
        <Group align="flex-start">
          <TextInput
            size="xs"
            w={320}
            label="Title"
            value={title}
            onChange={(event) => setTitle(event.currentTarget.value)}
            error={title.trim() === "" && "A title is needed."}
          />
          <TextInput
            size="xs"
            w={240}
            label="Identity"
            description="In the address and the file name"
            inputWrapperOrder={["label", "input", "error", "description"]}
            value={uid}
            onChange={(event) => setUid(event.currentTarget.value)}
            error={!isUid(uid) && "Up to 40 letters, digits, - and _."}
          />
          {draft.inputs.map((input) => (
            <TextInput
              key={input.name}
              size="xs"
              w={240}
              label={input.label}
              description={input.description}
              inputWrapperOrder={["label", "input", "error", "description"]}
              value={values.get(input.name) ?? ""}
              onChange={(event) => setValues(new Map([...values, [input.name, event.currentTarget.value]]))}
            />
          ))}
        </Group>
        {taken && !isOwn && (
          <Text size="sm">It will be shown in place of "{taken.title}", which comes with the host.</Text>
        )}
        {taken && isOwn && (
          <Checkbox
            size="xs"
            label={`Replace "${taken.title}", which has this identity`}
            checked={isReplacing}
            onChange={(event) => setReplacing(event.currentTarget.checked)}
          />
        )}
        {operation.state === "failed" && (
          <Alert color="red" title="The dashboard was not stored" role="alert">
            {operation.message}
          </Alert>
        )}
        <Button type="submit" size="xs" disabled={!isComplete} loading={operation.state === "running"}>
          Import
        </Button>
      </Stack>
    </form>
  );
}
