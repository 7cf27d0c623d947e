import { Group, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";

/** The heading of a page, and a line that says where the page stands. */
export function PageTitle({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <Group mb="md" gap="md" align="baseline">
      <Title order={1} size="h3">
        {title}
      </Title>
      <Text size="sm" c="dimmed" component="div">
        {children}
      </Text>
    </Group>
  );
}
