import { Code, Paper, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";

interface Props {
  title: string;
  /** What the user can do about it. */
  children: ReactNode;
  /** Configuration that would change it, shown as it stands in the file. */
  example?: string;
}

export function EmptyState({ title, children, example }: Props) {
  return (
    <Paper withBorder p="xl" bg="var(--nx-surface)">
      <Title order={2} size="h4" mb={6}>
        {title}
      </Title>
      <Text c="dimmed" size="sm" maw={680}>
        {children}
      </Text>
      {example && (
        <Code block mt="md" maw={680} tabIndex={0}>
          {example}
        </Code>
      )}
    </Paper>
  );
}
