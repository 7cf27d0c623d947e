import { Text } from "@mantine/core";

/** What failed, in the host's words. */
export function ErrorText({ children }: { children: string }) {
  return (
    <Text c="var(--nx-bad)" size="sm" style={{ overflowWrap: "anywhere", whiteSpace: "pre-wrap" }}>
      {children}
    </Text>
  );
}
