import { Alert, Badge, Box, Group, SimpleGrid, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";
import type { Plugin } from "../api";
import { Section } from "../components/Section";
import { StateBadge } from "../components/StateBadge";
import { RelativeTime } from "../components/Time";
import { humanizeSeconds } from "../format/duration";
import { parseInstant } from "../format/time";
import { count, formatBytes } from "../format/value";
import { CapabilityTable } from "./CapabilityTable";
import classes from "./PluginCard.module.css";
import { readImport } from "./capabilities";

/** Everything the host knows about one plugin. */
export function PluginCard({ plugin }: { plugin: Plugin }) {
  return (
    <Section
      title={
        <Group gap="sm">
          {plugin.name}
          {plugin.kind !== "" && (
            <Badge variant="outline" color="gray" size="sm" radius="sm">
              {plugin.kind}
            </Badge>
          )}
          {plugin.version !== "" && (
            <Text span size="sm" c="dimmed" fw={400}>
              {plugin.version}
            </Text>
          )}
        </Group>
      }
      aside={<StateBadge state={plugin.state} />}
    >
      <Stack p="md" gap="md">
        {plugin.description !== "" && <Text size="sm">{plugin.description}</Text>}
        <Problems plugin={plugin} />
        {plugin.state !== "failed" && (
          <>
            <Figures plugin={plugin} />
            <CapabilityTable plugin={plugin} />
            <Imports plugin={plugin} />
          </>
        )}
        <Origin plugin={plugin} />
      </Stack>
    </Section>
  );
}

function Problems({ plugin }: { plugin: Plugin }) {
  const { rejected, lastError } = plugin;
  return (
    <>
      {rejected && (
        <Alert color="red" title={rejectedTitle(plugin)} py="xs">
          <Text size="sm" className={classes.message}>
            {rejected.message}
          </Text>
          <Text size="xs" c="dimmed">
            <RelativeTime at={parseInstant(rejected.at)} />, {shortDigest(rejected.digest)}
          </Text>
        </Alert>
      )}
      {lastError && (
        <Alert color={plugin.state === "ready" ? "yellow" : "red"} title={`Last error: ${lastError.kind}`} py="xs">
          <Text size="sm" className={classes.message}>
            {lastError.message}
          </Text>
          <Text size="xs" c="dimmed">
            <RelativeTime at={parseInstant(lastError.at)} />
          </Text>
        </Alert>
      )}
    </>
  );
}

function rejectedTitle(plugin: Plugin): string {
  if (plugin.state === "failed") return "The file was refused: the plugin was never loaded";
  return "The newest file was refused; the version before it keeps serving";
}

function Figures({ plugin }: { plugin: Plugin }) {
  const { calls, limits } = plugin;
  const last = calls.lastDurationSeconds;
  return (
    <SimpleGrid cols={{ base: 2, sm: 3, lg: 6 }} spacing="sm">
      <Figure name="Calls" note={last === null ? undefined : `last took ${humanizeSeconds(last)}`}>
        {count(calls.total, "", "").trim()}
      </Figure>
      <Figure name="Errors" note={`${calls.killed} killed`} isBad={calls.errors > 0}>
        {count(calls.errors, "", "").trim()}
      </Figure>
      <Figure name="Memory limit">{formatBytes(limits.memoryBytes)}</Figure>
      <Figure name="CPU limit" note="a call">
        {humanizeSeconds(limits.cpuSeconds)}
      </Figure>
      <Figure name="Time limit" note="a call">
        {humanizeSeconds(limits.wallSeconds)}
      </Figure>
      <Figure name="Result limit">{formatBytes(limits.resultBytes)}</Figure>
    </SimpleGrid>
  );
}

function Figure(props: { name: string; note?: string | undefined; isBad?: boolean; children: ReactNode }) {
  return (
    <div>
      <Text size="xs" c="dimmed">
        {props.name}
      </Text>
      <Text fw={600} {...(props.isBad ? { c: "var(--nx-bad)" } : {})}>
        {props.children}
      </Text>
      {props.note !== undefined && (
        <Text size="xs" c="dimmed">
          {props.note}
        </Text>
      )}
    </div>
  );
}

function Imports({ plugin }: { plugin: Plugin }) {
  const imports = plugin.imports.map(readImport);
  const ours = imports.filter((each) => each.isOurs).length;
  return (
    <details>
      <summary className={classes.summary}>
        {count(imports.length, "import", "imports")}
        {imports.length > ours && `, ${imports.length - ours} of them of the language's runtime`}
      </summary>
      <ul className={classes.imports}>
        {imports.map((each) => (
          <li key={each.id}>{each.id}</li>
        ))}
      </ul>
    </details>
  );
}

function Origin({ plugin }: { plugin: Plugin }) {
  const loadedAt = parseInstant(plugin.loadedAt);
  return (
    <Box fz="xs" c="dimmed" className={classes.message}>
      {loadedAt !== null && (
        <>
          Loaded <RelativeTime at={loadedAt} />, generation {plugin.generation}.{" "}
        </>
      )}
      {plugin.file} <span title={plugin.digest}>{shortDigest(plugin.digest)}</span>
    </Box>
  );
}

/** Enough of a digest to compare by eye; the whole is on hover. */
function shortDigest(digest: string): string {
  const [algorithm = "", hex = ""] = digest.split(":");
  return hex === "" ? digest.slice(0, 20) : `${algorithm}:${hex.slice(0, 12)}…`;
}
