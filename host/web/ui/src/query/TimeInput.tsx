import { ActionIcon, CloseButton, Group, TextInput } from "@mantine/core";
import { formatForInput, parseTime } from "../format/time";
import { useSettings } from "../state/settings";
import { ChevronLeft, ChevronRight } from "../components/icons";

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
  const { zone } = useSettings();
  const move = (direction: 1 | -1) => onChange((value ?? Date.now()) + direction * stepMs);
  return (
    <Group gap={2} wrap="nowrap" role="group" aria-label={label}>
      <ActionIcon variant="default" size={30} aria-label={`${label}: earlier`} onClick={() => move(-1)}>
        <ChevronLeft />
      </ActionIcon>
      {value === null ? (
        <TextInput
          size="xs"
          w={212}
          readOnly
          aria-label={label}
          value={`${label}: now`}
          onClick={() => onChange(Math.floor(Date.now() / 1000) * 1000)}
          onKeyDown={(event) => {
            if (event.key === "Enter") onChange(Math.floor(Date.now() / 1000) * 1000);
          }}
          styles={{ input: { cursor: "pointer", color: "var(--mantine-color-dimmed)" } }}
        />
      ) : (
        <TextInput
          size="xs"
          w={212}
          type="datetime-local"
          step={1}
          aria-label={`${label} (${zone === "utc" ? "UTC" : "local time"})`}
          value={formatForInput(value, zone)}
          onChange={(event) => {
            const at = parseTime(event.currentTarget.value, zone);
            if (at !== null) onChange(at);
          }}
          rightSection={<CloseButton size="xs" aria-label={`${label}: now`} onClick={() => onChange(null)} />}
        />
      )}
      <ActionIcon variant="default" size={30} aria-label={`${label}: later`} onClick={() => move(1)}>
        <ChevronRight />
      </ActionIcon>
    </Group>
  );
}
