import { Alert, Button, Fieldset, Group, List, Stack, Text, Textarea } from "@mantine/core";
import { useState } from "react";
import type { Labels } from "../api";
import { ErrorText } from "../components/ErrorText";
import { SeriesName } from "../components/LabelSet";
import { count } from "../format/value";
import { useOperation } from "../state/useOperation";
import { deleteSeries, findSeries, type Deletion } from "../statusApi";
import { BoundInput } from "./BoundInput";
import { readSelectors } from "./selectors";

/** Enough to see whether a selector means what was meant. */
const PREVIEW_MAX = 1_000;
const PREVIEW_SHOWN = 10;

interface Found {
  series: Labels[];
  deletion: Deletion;
}

/** Deletes in two steps: first it shows what it is about. */
export function DeleteForm({ onDone }: { onDone: () => void }) {
  const [text, setText] = useState("");
  const [startMs, setStartMs] = useState<number | null>(null);
  const [endMs, setEndMs] = useState<number | null>(null);
  const [search, find, forgetFound] = useOperation<Found>();
  const [removal, remove, forgetRemoval] = useOperation<number>();
  const selectors = readSelectors(text);
  const isReversed = startMs !== null && endMs !== null && endMs < startMs;

  const change = <T,>(set: (value: T) => void) => (value: T) => {
    // What was found belongs to what was asked for.
    forgetFound();
    forgetRemoval();
    set(value);
  };
  const preview = () => {
    const deletion = { selectors, startMs, endMs };
    forgetRemoval();
    find(async (signal) => ({ deletion, series: (await findSeries(deletion, PREVIEW_MAX + 1, signal)).data }));
  };
  const confirm = ({ deletion, series }: Found) =>
    remove(async (signal) => {
      await deleteSeries(deletion, signal);
      forgetFound();
      setText("");
      onDone();
      return series.length;
    });

  return (
    <Stack
      gap="sm"
      component="form"
      onSubmit={(event) => {
        event.preventDefault();
        preview();
      }}
    >
      {/* What is being deleted is what stands here. */}
      <Fieldset variant="unstyled" disabled={removal.state === "running"} aria-label="What to delete">
        <Textarea
          label="Series to delete"
          description="Selectors, one a line; a series that one of them selects is deleted."
          placeholder={'up{job="gone"}'}
          autosize
          minRows={2}
          maxRows={8}
          value={text}
          onChange={(event) => change(setText)(event.currentTarget.value)}
          styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: 13 } }}
          spellCheck={false}
        />
        <Group gap="sm" mt="sm" align="flex-end">
          <BoundInput label="From" none="the first sample" value={startMs} onChange={change(setStartMs)} />
          <BoundInput label="Until" none="the last sample" value={endMs} onChange={change(setEndMs)} />
          <Button type="submit" variant="default" disabled={selectors.length === 0 || isReversed} loading={search.state === "running"}>
            Show what would be deleted
          </Button>
        </Group>
      </Fieldset>
      {isReversed && <ErrorText>The end is before the start.</ErrorText>}
      {search.state === "failed" && <ErrorText>{search.message}</ErrorText>}
      {search.state === "done" && (
        <Preview
          series={search.result.series}
          isBounded={search.result.deletion.startMs !== null || search.result.deletion.endMs !== null}
          isRunning={removal.state === "running"}
          onConfirm={() => confirm(search.result)}
          onCancel={forgetFound}
        />
      )}
      {removal.state === "failed" && <ErrorText>{removal.message}</ErrorText>}
      {removal.state === "done" && (
        <Alert color="green" role="status" py="xs">
          Deleted from {amount(removal.result)}. Cleaning tombstones gives the room back.
        </Alert>
      )}
    </Stack>
  );
}

interface PreviewProps {
  series: Labels[];
  /** Whether samples outside of a window stay. */
  isBounded: boolean;
  isRunning: boolean;
  onConfirm: () => void;
  onCancel: () => void;
}

function Preview({ series, isBounded, isRunning, onConfirm, onCancel }: PreviewProps) {
  if (series.length === 0) {
    return (
      <Text size="sm" c="dimmed" role="status">
        Nothing is selected in this window.
      </Text>
    );
  }
  const left = series.length - PREVIEW_SHOWN;
  return (
    <Alert color="red" role="status" title={`${isBounded ? "Samples of this window" : "All samples"} of ${amount(series.length)}`}>
      <List size="sm" mb="sm">
        {series.slice(0, PREVIEW_SHOWN).map((labels, index) => (
          <List.Item key={index}>
            <SeriesName labels={labels} />
          </List.Item>
        ))}
        {left > 0 && <List.Item>and {series.length > PREVIEW_MAX ? "many more" : `${left} more`}</List.Item>}
      </List>
      <Group gap="xs">
        <Button size="xs" color="red" onClick={onConfirm} loading={isRunning}>
          Delete for good
        </Button>
        <Button size="xs" variant="default" onClick={onCancel} disabled={isRunning}>
          Keep
        </Button>
      </Group>
    </Alert>
  );
}

function amount(series: number): string {
  return series > PREVIEW_MAX ? `more than ${PREVIEW_MAX} series` : count(series, "series", "series");
}
