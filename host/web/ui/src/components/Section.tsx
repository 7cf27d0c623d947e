import { Group, Paper, Title } from "@mantine/core";
import type { ReactNode } from "react";

interface Props {
  title: ReactNode;
  /** Shown at the right of the title. */
  aside?: ReactNode;
  children: ReactNode;
}

/** A titled block of a page. */
export function Section({ title, aside, children }: Props) {
  return (
    <Paper component="section" withBorder mb="md" bg="var(--nx-surface)" style={{ overflow: "hidden" }}>
      <Group justify="space-between" px="md" py="xs" style={{ borderBottom: "1px solid var(--nx-border)" }}>
        <Title order={2} size="h5">
          {title}
        </Title>
        {aside}
      </Group>
      {children}
    </Paper>
  );
}
