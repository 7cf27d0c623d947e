import { ActionIcon, Popover, Text } from "@mantine/core";
import type { ReactNode } from "react";

/** A button that tells what there is to know. */
export function Note({ icon, label, lines }: { icon: ReactNode; label: string; lines: readonly string[] }) {
  return (
    <Popover position="bottom" shadow="md" withinPortal withArrow width={320}>
      <Popover.Target>
        <ActionIcon variant="subtle" color="gray" size={20} aria-label={label}>
          {icon}
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown>
        {lines.map((line) => (
          <Text key={line} size="xs" style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
            {line}
          </Text>
        ))}
      </Popover.Dropdown>
    </Popover>
  );
}
