import { ActionIcon, Button, Group, MultiSelect, Select, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { Cross } from "../../components/icons";
import type { AdhocFilter } from "../model";
import { ALL } from "../read/variables";
import { writeFilter, type ResolvedVariable } from "../variables/resolve";
import { boundedChoices, choicesOf } from "./choices";

interface Props {
  variables: readonly ResolvedVariable[];
  filters: readonly AdhocFilter[];
  onChoose: (name: string, values: string[]) => void;
}

/** What the user can choose for all panels. */
export function VariableBar({ variables, filters, onChoose }: Props) {
  // There is one host to ask: a choice of data sources is none.
  const shown = variables.filter(({ variable }) => !variable.isHidden && variable.kind !== "datasource");
  if (shown.length === 0) return null;
  return (
    <Group gap="sm" mb="sm" align="flex-start" role="group" aria-label="Variables">
      {shown.map((each) => (
        <Control
          key={each.variable.name}
          resolved={each}
          filters={filters}
          onChoose={(values) => onChoose(each.variable.name, values)}
        />
      ))}
    </Group>
  );
}

interface ControlProps {
  resolved: ResolvedVariable;
  filters: readonly AdhocFilter[];
  onChoose: (values: string[]) => void;
}

function Control({ resolved, filters, onChoose }: ControlProps) {
  const { variable, value } = resolved;
  if (variable.kind === "adhoc")
    return <Filters label={variable.label} filters={filters} onChange={(next) => onChoose(next.map(writeFilter))} />;
  if (variable.kind === "textbox")
    return (
      <TextBox
        key={value.values[0]}
        label={variable.label}
        value={value.values[0] ?? ""}
        onChange={(text) => onChoose([text])}
      />
    );
  return <Choice resolved={resolved} onChoose={onChoose} />;
}

function Choice({ resolved, onChoose }: Omit<ControlProps, "filters">) {
  const { variable, value, error } = resolved;
  const { choices: data, chosen } = choicesOf(resolved);
  const common = {
    size: "xs",
    data,
    searchable: data.length > 8,
    "aria-label": variable.label,
    leftSection: <Label>{variable.label}</Label>,
    leftSectionWidth: 8 * variable.label.length + 18,
    leftSectionPointerEvents: "none",
    error: error ?? false,
    nothingFoundMessage: "Nothing found",
    placeholder: data.length === 0 ? "nothing found" : "",
    filter: ({ search }: { search: string }) => boundedChoices(data, search),
    comboboxProps: { width: "max-content", position: "bottom-start" },
  } as const;
  const width = (texts: readonly string[]) =>
    Math.min(380, 8 * variable.label.length + 70 + 8 * Math.max(4, ...texts.map((text) => text.length)));
  if (!variable.isMulti) {
    return (
      <Select
        {...common}
        w={width(value.isAll ? ["All"] : value.texts)}
        miw={140}
        value={chosen[0] ?? null}
        allowDeselect={false}
        onChange={(next) => next !== null && onChoose([next])}
      />
    );
  }
  return (
    <MultiSelect
      {...common}
      miw={180}
      maw={520}
      value={chosen}
      hidePickedOptions={false}
      // The newest choice decides between all and some.
      onChange={(next) =>
        onChoose(
          next.at(-1) === ALL || next.length === 0
            ? variable.hasAll
              ? [ALL]
              : chosen.slice(0, 1)
            : next.filter((each) => each !== ALL),
        )
      }
    />
  );
}

function Label({ children }: { children: string }) {
  return (
    <Text size="xs" c="dimmed" fw={500} pl={8} style={{ whiteSpace: "nowrap" }}>
      {children}
    </Text>
  );
}

function TextBox({ label, value, onChange }: { label: string; value: string; onChange: (text: string) => void }) {
  const [text, setText] = useState(value);
  return (
    <TextInput
      size="xs"
      w={220}
      aria-label={label}
      leftSection={<Label>{label}</Label>}
      leftSectionWidth={8 * label.length + 18}
      leftSectionPointerEvents="none"
      value={text}
      onChange={(event) => setText(event.currentTarget.value)}
      onBlur={() => text !== value && onChange(text)}
      onKeyDown={(event) => event.key === "Enter" && onChange(text)}
    />
  );
}

const OPERATORS = ["=", "!=", "=~", "!~"];
const EMPTY: AdhocFilter = { key: "", operator: "=", value: "" };

/** Matchers that are added to every query. */
function Filters({
  label,
  filters,
  onChange,
}: {
  label: string;
  filters: readonly AdhocFilter[];
  onChange: (filters: AdhocFilter[]) => void;
}) {
  const [draft, setDraft] = useState<AdhocFilter | null>(null);
  const add = () => {
    if (draft && draft.key !== "") onChange([...filters, draft]);
    setDraft(null);
  };
  return (
    <Group gap={4} role="group" aria-label={label}>
      {filters.map((filter, index) => (
        <Button
          key={`${filter.key} ${index}`}
          variant="default"
          size="xs"
          fw={400}
          rightSection={<Cross />}
          aria-label={`Remove ${filter.key}${filter.operator}${filter.value}`}
          onClick={() => onChange(filters.filter((_each, at) => at !== index))}
        >
          {filter.key}
          {filter.operator}
          {filter.value}
        </Button>
      ))}
      {draft === null ? (
        <Button variant="default" size="xs" onClick={() => setDraft(EMPTY)}>
          Add filter
        </Button>
      ) : (
        <form
          style={{ display: "flex", gap: 2 }}
          onSubmit={(event) => {
            event.preventDefault();
            add();
          }}
        >
          <TextInput
            size="xs"
            w={110}
            aria-label="Label"
            placeholder="label"
            autoFocus
            value={draft.key}
            onChange={(event) => setDraft({ ...draft, key: event.currentTarget.value })}
          />
          <Select
            size="xs"
            w={68}
            aria-label="Operator"
            data={OPERATORS}
            value={draft.operator}
            allowDeselect={false}
            onChange={(operator) => setDraft({ ...draft, operator: operator ?? "=" })}
          />
          <TextInput
            size="xs"
            w={140}
            aria-label="Value"
            placeholder="value"
            value={draft.value}
            onChange={(event) => setDraft({ ...draft, value: event.currentTarget.value })}
          />
          <Button type="submit" size="xs" variant="default">
            Add
          </Button>
          <ActionIcon variant="subtle" color="gray" size={30} aria-label="No filter" onClick={() => setDraft(null)}>
            <Cross />
          </ActionIcon>
        </form>
      )}
    </Group>
  );
}
