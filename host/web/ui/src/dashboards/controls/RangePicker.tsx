import { ActionIcon, Button, Group, Popover, SimpleGrid, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { ChevronLeft, ChevronRight, Clock, Minus } from "../../components/icons";
import { formatTime, type Zone } from "../../format/time";
import { useSettings } from "../../state/settings";
import { QUICK_RANGES, rangeLabel, resolveRange, resolveTime, type RangeText, type TimeRange } from "../range";

interface Props {
  range: RangeText;
  onChange: (range: RangeText) => void;
}

/** The range of all panels: a usual one, or from and to as typed. */
export function RangePicker({ range, onChange }: Props) {
  const { zone } = useSettings();
  const [isOpen, setOpen] = useState(false);
  const choose = (next: RangeText) => {
    setOpen(false);
    onChange(next);
  };
  const move = (change: (shown: TimeRange) => TimeRange) => {
    const { fromMs, toMs } = change(resolveRange(range, Date.now(), zone));
    onChange({ from: String(Math.round(fromMs)), to: String(Math.round(toMs)) });
  };
  const half = ({ fromMs, toMs }: TimeRange) => (toMs - fromMs) / 2;
  return (
    <Group gap={2} wrap="nowrap" role="group" aria-label="Time range">
      <ActionIcon
        variant="default"
        size={30}
        aria-label="Half a range back"
        onClick={() => move((at) => ({ fromMs: at.fromMs - half(at), toMs: at.toMs - half(at) }))}
      >
        <ChevronLeft />
      </ActionIcon>
      <Popover opened={isOpen} onChange={setOpen} position="bottom-end" shadow="md" trapFocus returnFocus width={360}>
        <Popover.Target>
          <Button
            variant="default"
            size="xs"
            fw={500}
            leftSection={<Clock />}
            aria-expanded={isOpen}
            onClick={() => setOpen(!isOpen)}
          >
            {rangeLabel(range, Date.now(), zone)}
          </Button>
        </Popover.Target>
        <Popover.Dropdown>
          <Stack gap="sm">
            <RangeForm key={`${range.from} ${range.to}`} range={range} zone={zone} onChange={choose} />
            <SimpleGrid cols={2} spacing={4} verticalSpacing={2}>
              {QUICK_RANGES.map((quick) => (
                <Button
                  key={quick.label}
                  size="compact-sm"
                  variant={quick.from === range.from && quick.to === range.to ? "light" : "subtle"}
                  color="gray"
                  justify="start"
                  fw={400}
                  onClick={() => choose({ from: quick.from, to: quick.to })}
                >
                  {quick.label}
                </Button>
              ))}
            </SimpleGrid>
          </Stack>
        </Popover.Dropdown>
      </Popover>
      <ActionIcon
        variant="default"
        size={30}
        aria-label="Half a range on"
        onClick={() => move((at) => ({ fromMs: at.fromMs + half(at), toMs: at.toMs + half(at) }))}
      >
        <ChevronRight />
      </ActionIcon>
      <ActionIcon
        variant="default"
        size={30}
        aria-label="Twice the range"
        title="Twice the range"
        onClick={() => move((at) => ({ fromMs: at.fromMs - half(at), toMs: at.toMs + half(at) }))}
      >
        <Minus />
      </ActionIcon>
    </Group>
  );
}

function RangeForm({ range, zone, onChange }: Props & { zone: Zone }) {
  const shown = (text: string, isEnd: boolean) => {
    if (text.startsWith("now")) return text;
    const at = resolveTime(text, Date.now(), zone, isEnd);
    return at === null ? text : formatTime(Math.floor(at / 1000) * 1000, zone);
  };
  const [from, setFrom] = useState(shown(range.from, false));
  const [to, setTo] = useState(shown(range.to, true));
  const read = (text: string) => {
    const typed = text.trim();
    const at = resolveTime(typed, Date.now(), zone, false);
    if (at === null) return null;
    return typed.startsWith("now") ? typed : String(at);
  };
  const [readFrom, readTo] = [read(from), read(to)];
  const ends =
    readFrom !== null && readTo !== null
      ? [resolveTime(readFrom, Date.now(), zone, false), resolveTime(readTo, Date.now(), zone, true)]
      : null;
  const isBackwards = ends !== null && (ends[0] ?? 0) >= (ends[1] ?? 0);
  const hint = "now-6h, now/d, or 2026-01-31 08:00:00";
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (readFrom !== null && readTo !== null && !isBackwards) onChange({ from: readFrom, to: readTo });
      }}
    >
      <Stack gap={6}>
        <TextInput
          size="xs"
          label="From"
          value={from}
          onChange={(event) => setFrom(event.currentTarget.value)}
          error={readFrom === null && `Not a time: ${hint}`}
        />
        <TextInput
          size="xs"
          label="To"
          value={to}
          onChange={(event) => setTo(event.currentTarget.value)}
          error={readTo === null ? `Not a time: ${hint}` : isBackwards && "This is not after From."}
        />
        <Group justify="space-between">
          <Text size="xs" c="dimmed">
            {zone === "utc" ? "UTC" : "Local time"}
          </Text>
          <Button type="submit" size="xs" disabled={readFrom === null || readTo === null || isBackwards}>
            Apply
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
