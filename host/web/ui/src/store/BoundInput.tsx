import { CloseButton, TextInput } from "@mantine/core";
import { useEffect, useState } from "react";
import { formatForInput, parseTyped } from "../format/time";
import { useSettings } from "../state/settings";

interface Props {
  label: string;
  /** What holds without a value. */
  none: string;
  /** Milliseconds; null is without bound. */
  value: number | null;
  onChange: (value: number | null) => void;
}

/**
 * One end of a window of time, in the user's zone, that may be left open. Only the button opens it: a moment that is
 * half typed is an empty text too, and must not.
 */
export function BoundInput({ label, none, value, onChange }: Props) {
  const { zone } = useSettings();
  const shown = value === null ? "" : formatForInput(value, zone);
  const [text, setText] = useState(shown);
  useEffect(() => setText(shown), [shown]);
  return (
    <TextInput
      type="datetime-local"
      step={1}
      w={250}
      label={`${label} (${zone === "utc" ? "UTC" : "local time"})`}
      description={value === null ? `open: ${none}` : "this very second"}
      value={text}
      onChange={(event) => {
        const typed = event.currentTarget.value;
        setText(typed);
        const parsed = parseTyped(typed, zone);
        if (parsed !== null) onChange(parsed);
      }}
      onBlur={() => setText(shown)}
      rightSection={value !== null && <CloseButton size="xs" aria-label={`${label}: leave open`} onClick={() => onChange(null)} />}
    />
  );
}
