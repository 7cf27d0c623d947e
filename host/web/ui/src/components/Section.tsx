import { Group, Paper, Title } from "@mantine/core";
import type { ReactNode } from "react";

interface Props {
  title: ReactNode;
  /** For links to it. */
  id?: string;
  /** Shown at the right of the title. */
  aside?: ReactNode;
  children: ReactNode;
}

/** A titled block of a page. */
export function Section({ title, id, aside, children }: Props) {
  return (
    <Paper component="section" id={id} withBorder mb="md" bg="var(--nx-surface)" style={{ overflow: "hidden", scrollMarginTop: 64 }}>
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
