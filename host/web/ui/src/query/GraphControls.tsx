import { ActionIcon, Checkbox, Group, SegmentedControl, Select, TextInput } from "@mantine/core";
import { useEffect, useState } from "react";
import { Minus, Plus } from "../components/icons";
import { formatDuration, parseDuration } from "../format/duration";
import type { Density, DisplayMode, PanelState } from "./panel";
import { neighborRange, smallestStep, stepFor } from "./step";
import { TimeInput } from "./TimeInput";

interface Props {
  panel: PanelState;
  onPatch: (patch: Partial<PanelState>) => void;
}

/** Range, end and resolution of a range query. */
export function WindowControls({ panel, onPatch }: Props) {
  return (
    <>
      <RangeInput rangeMs={panel.rangeMs} onChange={(rangeMs) => onPatch({ rangeMs })} />
      <TimeInput label="End time" value={panel.end} onChange={(end) => onPatch({ end })} stepMs={panel.rangeMs / 2} />
      <ResolutionInput panel={panel} onPatch={onPatch} />
    </>
  );
}

/** Range, end, resolution and display of a graph. */
export function GraphControls({ panel, onPatch }: Props) {
  return (
    <Group gap="sm">
      <WindowControls panel={panel} onPatch={onPatch} />
      <SegmentedControl
        size="xs"
        aria-label="Display"
        styles={{ label: { paddingInline: 10 } }}
        data={[
          { value: "lines", label: "Lines" },
          { value: "stacked", label: "Stacked" },
          { value: "heatmap", label: "Heatmap" },
        ]}
        value={panel.display}
        onChange={(value) => onPatch({ display: value as DisplayMode })}
      />
      {panel.display === "lines" && (
        <Checkbox
          size="xs"
          label={`From ${panel.axisMin ?? 0}`}
          title={`Let the axis begin at ${panel.axisMin ?? 0}, or below where values are`}
          checked={panel.axisMin !== null}
          onChange={(event) => onPatch({ axisMin: event.currentTarget.checked ? 0 : null })}
        />
      )}
      <Checkbox
        size="xs"
        label="Exemplars"
        checked={panel.showExemplars}
        onChange={(event) => onPatch({ showExemplars: event.currentTarget.checked })}
      />
    </Group>
  );
}

/** A duration that is typed: committed by Enter or by leaving the field, marked while it is none. */
function DurationField(props: { label: string; valueMs: number; onChange: (ms: number) => void; width: number; minMs: number }) {
  const { valueMs, onChange, minMs } = props;
  const [text, setText] = useState(formatDuration(valueMs));
  useEffect(() => setText(formatDuration(valueMs)), [valueMs]);
  const parsed = parseDuration(text);
  const isValid = parsed !== null && parsed >= minMs;
  const commit = () => {
    if (isValid) onChange(parsed);
    else setText(formatDuration(valueMs));
  };
  return (
    <TextInput
      size="xs"
      w={props.width}
      aria-label={props.label}
      title={isValid ? `${props.label}, e.g. 30m or 1d12h` : `At least ${formatDuration(minMs)}, written as 30m or 1d12h`}
      error={!isValid}
      value={text}
      onChange={(event) => setText(event.currentTarget.value)}
      onBlur={commit}
      onKeyDown={(event) => {
        if (event.key === "Enter") commit();
      }}
      styles={{ input: { textAlign: "center" } }}
    />
  );
}

function RangeInput({ rangeMs, onChange }: { rangeMs: number; onChange: (ms: number) => void }) {
  return (
    <Group gap={2} wrap="nowrap" role="group" aria-label="Range">
      <ActionIcon variant="default" size={30} aria-label="Shorter range" onClick={() => onChange(neighborRange(rangeMs, -1))}>
        <Minus />
      </ActionIcon>
      <DurationField label="Range" valueMs={rangeMs} onChange={onChange} width={84} minMs={1_000} />
      <ActionIcon variant="default" size={30} aria-label="Longer range" onClick={() => onChange(neighborRange(rangeMs, 1))}>
        <Plus />
      </ActionIcon>
    </Group>
  );
}

const RESOLUTIONS = [
  { value: "low", label: "Low resolution" },
  { value: "medium", label: "Medium resolution" },
  { value: "high", label: "High resolution" },
  { value: "fixed", label: "Fixed step" },
];

function ResolutionInput({ panel, onPatch }: Props) {
  const { resolution, rangeMs } = panel;
  const choose = (value: string | null) => {
    if (value === "fixed") onPatch({ resolution: { type: "fixed", stepMs: stepFor(rangeMs, resolution) } });
    else if (value !== null) onPatch({ resolution: { type: "auto", density: value as Density } });
  };
  return (
    <Group gap={2} wrap="nowrap">
      <Select
        size="xs"
        w={158}
        aria-label="Resolution"
        data={RESOLUTIONS}
        value={resolution.type === "fixed" ? "fixed" : resolution.density}
        onChange={choose}
        allowDeselect={false}
      />
      {resolution.type === "fixed" && (
        <DurationField
          label="Step"
          valueMs={resolution.stepMs}
          onChange={(stepMs) => onPatch({ resolution: { type: "fixed", stepMs } })}
          width={84}
          minMs={smallestStep(rangeMs)}
        />
      )}
    </Group>
  );
}
