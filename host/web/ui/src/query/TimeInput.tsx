import { ActionIcon, Button, CloseButton, Group, TextInput } from "@mantine/core";
import { useEffect, useState } from "react";
import { ChevronLeft, ChevronRight } from "../components/icons";
import { formatForInput, newMoment } from "../format/time";
import { useSettings } from "../state/settings";

/** Fits the longest form that browsers give an instant, with the picker and the button behind it. */
const WIDTH = 240;
const TYPING_PAUSE_MS = 1_000;

interface Props {
  /** What the time is: "Evaluation time", "End time". */
  label: string;
  /** Milliseconds; null is now. */
  value: number | null;
  onChange: (value: number | null) => void;
  /** How far the arrows move. */
  stepMs: number;
}

/** An instant in the user's zone, or now. */
export function TimeInput({ label, value, onChange, stepMs }: Props) {
  const currentSecond = () => Math.floor(Date.now() / 1000) * 1000;
  const move = (direction: 1 | -1) => onChange((value ?? currentSecond()) + direction * stepMs);
  return (
    <Group gap={2} wrap="nowrap" role="group" aria-label={label}>
      <ActionIcon variant="default" size={30} aria-label={`${label}: earlier`} onClick={() => move(-1)}>
        <ChevronLeft />
      </ActionIcon>
      {value === null ? (
        <Button
          variant="default"
          size="xs"
          w={WIDTH}
          fw={400}
          title="Choose another time"
          onClick={() => onChange(currentSecond())}
        >
          {label}: now
        </Button>
      ) : (
        <InstantField label={label} value={value} onChange={onChange} />
      )}
      <ActionIcon variant="default" size={30} aria-label={`${label}: later`} onClick={() => move(1)}>
        <ChevronRight />
      </ActionIcon>
    </Group>
  );
}

/** The instant as typed: it counts after a pause, on Enter and on leaving the field. */
function InstantField({ label, value, onChange }: Omit<Props, "stepMs"> & { value: number }) {
  const { zone } = useSettings();
  const [text, setText] = useState(formatForInput(value, zone));
  const typed = newMoment(text, value, zone);

  useEffect(() => setText(formatForInput(value, zone)), [value, zone]);

  useEffect(() => {
    if (typed === null) return;
    const timer = setTimeout(() => onChange(typed), TYPING_PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed, onChange]);

  const commit = () => {
    if (typed !== null) onChange(typed);
    else setText(formatForInput(value, zone));
  };
  return (
    <TextInput
      size="xs"
      w={WIDTH}
      type="datetime-local"
      step={1}
      aria-label={`${label} (${zone === "utc" ? "UTC" : "local time"})`}
      value={text}
      onChange={(event) => setText(event.currentTarget.value)}
      onBlur={commit}
      onKeyDown={(event) => {
        if (event.key === "Enter") commit();
      }}
      rightSection={<CloseButton size="xs" aria-label={`${label}: now`} onClick={() => onChange(null)} />}
    />
  );
}
