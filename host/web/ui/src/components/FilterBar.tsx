import { CloseButton, Group, SegmentedControl, TextInput } from "@mantine/core";
import type { ReactNode } from "react";
import { count } from "../format/value";

interface Choice {
  value: string;
  label: string;
  /** How many entries the choice would show. */
  amount: number;
}

interface Props {
  /** What the choices are about, for assistive technology. */
  label: string;
  choices: Choice[];
  choice: string;
  onChoice: (value: string) => void;
  text: string;
  onText: (value: string) => void;
  placeholder: string;
  /** How many entries are shown of how many. */
  shown: number;
  noun: [one: string, many: string];
  /** Another choice, before the others. */
  children?: ReactNode;
}

/** Filter by state and by words: the same bar on every list page. */
export function FilterBar(props: Props) {
  const data = props.choices.map((each) => ({ value: each.value, label: `${each.label} ${each.amount}` }));
  return (
    <Group mb="md" gap="sm">
      {props.children}
      <SegmentedControl
        size="xs"
        aria-label={props.label}
        data={data}
        value={props.choice}
        onChange={props.onChoice}
        bg="var(--nx-surface)"
        withItemsBorders={false}
        styles={{ root: { border: "1px solid var(--nx-border)", maxWidth: "100%", overflowX: "auto" }, label: { paddingInline: 10 } }}
      />
      <TextInput
        size="xs"
        flex="1 1 240px"
        maw={480}
        aria-label="Filter by text"
        placeholder={props.placeholder}
        value={props.text}
        onChange={(event) => props.onText(event.currentTarget.value)}
        rightSection={
          props.text !== "" && <CloseButton size="xs" aria-label="Clear filter" onClick={() => props.onText("")} />
        }
      />
      <span role="status" style={{ color: "var(--mantine-color-dimmed)", fontSize: 13 }}>
        {count(props.shown, ...props.noun)}
      </span>
    </Group>
  );
}
