import { ActionIcon, Button, Group, Popover, ScrollArea, Text, TextInput, UnstyledButton } from "@mantine/core";
import { useState } from "react";
import { Clock } from "../components/icons";
import { matchesFilter } from "../format/labels";
import { clearHistory, readHistory } from "./history";
import classes from "./HistoryMenu.module.css";

/** Expressions that were run before in this browser. */
export function HistoryMenu({ onChoose }: { onChoose: (expr: string) => void }) {
  const [isOpen, setIsOpen] = useState(false);
  const [entries, setEntries] = useState<string[]>([]);
  const [filter, setFilter] = useState("");
  const open = () => {
    setEntries(readHistory());
    setFilter("");
    setIsOpen(true);
  };
  const shown = entries.filter((expr) => matchesFilter(filter, [expr]));
  return (
    <Popover opened={isOpen} onChange={setIsOpen} position="bottom-end" width={520} shadow="md" trapFocus returnFocus>
      <Popover.Target>
        <ActionIcon
          variant="subtle"
          color="gray"
          size={34}
          aria-label="Query history"
          title="Query history"
          onClick={() => (isOpen ? setIsOpen(false) : open())}
        >
          <Clock />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown p="xs">
        <Group gap="xs" mb="xs">
          <TextInput
            flex={1}
            size="xs"
            placeholder="Filter the history"
            aria-label="Filter the history"
            value={filter}
            onChange={(event) => setFilter(event.currentTarget.value)}
            data-autofocus
          />
          <Button
            size="xs"
            variant="default"
            disabled={entries.length === 0}
            onClick={() => {
              clearHistory();
              setEntries([]);
            }}
          >
            Clear
          </Button>
        </Group>
        {shown.length === 0 && (
          <Text size="sm" c="dimmed" p="xs">
            {entries.length === 0 ? "Queries that you run are kept here, in this browser only." : "Nothing matches."}
          </Text>
        )}
        <ScrollArea.Autosize mah={320}>
          {shown.map((expr) => (
            <UnstyledButton
              key={expr}
              className={classes.entry}
              onClick={() => {
                setIsOpen(false);
                onChoose(expr);
              }}
            >
              {expr}
            </UnstyledButton>
          ))}
        </ScrollArea.Autosize>
      </Popover.Dropdown>
    </Popover>
  );
}
