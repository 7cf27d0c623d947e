import { Group, Stack, Text } from "@mantine/core";
import { ErrorText } from "../components/ErrorText";
import { StateBadge } from "../components/StateBadge";
import { RelativeTime } from "../components/Time";
import type { DiscoverySource } from "../discoveryApi";
import { parseInstant } from "../format/time";
import { count } from "../format/value";

/** Where targets are looked for, and how that goes. */
export function SourceList({ sources }: { sources: readonly DiscoverySource[] }) {
  if (sources.length === 0) return null;
  return (
    <Stack gap={6} px="md" py="xs" style={{ borderBottom: "1px solid var(--nx-border)" }}>
      {sources.map((source) => (
        <div key={`${source.mechanism} ${source.index}`}>
          <Group gap="sm">
            <StateBadge state={source.health} />
            <Text size="sm" fw={500}>
              {source.mechanism}_sd_configs, item {source.index + 1}
            </Text>
            <Text size="sm" c="dimmed">
              {count(source.targets, "target", "targets")} in {count(source.groups, "group", "groups")}, last success{" "}
              <RelativeTime at={parseInstant(source.lastSuccess)} />
            </Text>
          </Group>
          {source.lastError !== "" && (
            <ErrorText>
              {source.failures > 1 ? `${source.lastError} (${source.failures} times in a row)` : source.lastError}
            </ErrorText>
          )}
        </div>
      ))}
    </Stack>
  );
}
