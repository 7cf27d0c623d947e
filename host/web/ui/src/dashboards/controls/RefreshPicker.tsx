import { ActionIcon, Group, Select } from "@mantine/core";
import { Reload } from "../../components/icons";

interface Props {
  /** "" for never. */
  refresh: string;
  onChange: (refresh: string) => void;
  onReload: () => void;
}

const CHOICES = ["5s", "10s", "30s", "1m", "5m", "15m", "30m", "1h"];

/** How often all panels ask again by themselves, and now. */
export function RefreshPicker({ refresh, onChange, onReload }: Props) {
  const choices = CHOICES.includes(refresh) || refresh === "" ? CHOICES : [refresh, ...CHOICES];
  return (
    <Group gap={2} wrap="nowrap" role="group" aria-label="Refresh">
      <ActionIcon variant="default" size={30} aria-label="Refresh now" onClick={onReload}>
        <Reload />
      </ActionIcon>
      <Select
        size="xs"
        w={92}
        aria-label="Refresh every"
        data={[{ value: "off", label: "off" }, ...choices.map((each) => ({ value: each, label: each }))]}
        value={refresh === "" ? "off" : refresh}
        onChange={(value) => onChange(value === null || value === "off" ? "" : value)}
        allowDeselect={false}
        comboboxProps={{ width: 92 }}
      />
    </Group>
  );
}
