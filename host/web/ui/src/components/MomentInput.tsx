import { CloseButton, TextInput } from "@mantine/core";
import { useEffect, useState } from "react";
import { formatForInput, parseTyped } from "../format/time";
import { useSettings } from "../state/settings";

interface Props {
  label: string;
  description?: string;
  /** Milliseconds; null is no moment. */
  value: number | null;
  onChange: (value: number) => void;
  /** Empties the field, where that has a meaning. */
  onClear?: () => void;
  error?: string | undefined;
}

/**
 * A moment to the minute, in the user's zone. Half typed or emptied it means nothing: the moment stays, and is shown
 * again on Enter and on leaving the field.
 */
export function MomentInput({ label, description, value, onChange, onClear, error }: Props) {
  const { zone } = useSettings();
  const written = value === null ? "" : formatForInput(value, zone).slice(0, "2026-01-31T12:00".length);
  const [text, setText] = useState(written);

  useEffect(() => setText(written), [written]);

  return (
    <TextInput
      type="datetime-local"
      label={`${label} (${zone === "utc" ? "UTC" : "local time"})`}
      description={description}
      inputWrapperOrder={["label", "input", "description", "error"]}
      value={text}
      error={error}
      onChange={(event) => {
        const typed = event.currentTarget.value;
        setText(typed);
        const moment = parseTyped(typed, zone);
        if (moment !== null) onChange(moment);
      }}
      onBlur={() => setText(written)}
      onKeyDown={(event) => {
        if (event.key !== "Enter" || parseTyped(text, zone) !== null || value === null) return;
        // The form is not sent with a moment that is not seen.
        event.preventDefault();
        setText(written);
      }}
      rightSection={onClear && value !== null && <CloseButton size="xs" aria-label={`${label}: clear`} onClick={onClear} />}
    />
  );
}
