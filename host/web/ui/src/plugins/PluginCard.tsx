import { Alert, Badge, Box, Group, SimpleGrid, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";
import type { Plugin } from "../api";
import { Section } from "../components/Section";
import { StateBadge } from "../components/StateBadge";
import { RelativeTime } from "../components/Time";
import { humanizeSeconds } from "../format/duration";
import { parseInstant } from "../format/time";
import { count } from "../format/value";
import { BudgetTable } from "./BudgetTable";
import { CapabilityTable } from "./CapabilityTable";
import { LogLines } from "./LogLines";
import { PluginActions } from "./PluginActions";
import classes from "./PluginCard.module.css";
import { readImport } from "./capabilities";

interface Props {
  plugin: Plugin;
  /** Whether the host takes an operator's word. */
  isOperable: boolean;
  /** Called when the plugin may have changed. */
  onChanged: () => void;
}

/** Everything the host knows about one plugin. */
export function PluginCard({ plugin, isOperable, onChanged }: Props) {
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
        {isOperable && <PluginActions plugin={plugin} onDone={onChanged} />}
        <Problems plugin={plugin} />
        {plugin.generation > 0 && (
          <>
            <Figures plugin={plugin} />
            <CapabilityTable plugin={plugin} />
            <BudgetTable plugin={plugin} />
            <Imports plugin={plugin} />
          </>
        )}
        <LogLines lines={plugin.logs} />
        <Origin plugin={plugin} />
      </Stack>
    </Section>
  );
}

function Problems({ plugin }: { plugin: Plugin }) {
  const { rejected, lastError, pauses, disabled, compiling } = plugin;
  return (
    <>
      {compiling !== null && (
        <Alert color="blue" title="A file is being compiled" py="xs">
          <Text size="sm">
            since <RelativeTime at={parseInstant(compiling.since)} />, {shortDigest(compiling.digest)}
            {plugin.generation > 0 && "; the version before it serves meanwhile"}
          </Text>
        </Alert>
      )}
      {disabled !== null && (
        <Alert color="gray" title="It is not called" py="xs">
          <Text size="sm" className={classes.message}>
            {disabled}
          </Text>
        </Alert>
      )}
      {pauses.map((pause) => (
        <Alert
          key={pause.target}
          color="yellow"
          title={`Left alone for another ${humanizeSeconds(pause.leftSeconds)}: ${pause.target || "the whole plugin"}`}
          py="xs"
        >
          <Text size="sm" className={classes.message}>
            {pause.kills} kills in a row; the last: {pause.message}
          </Text>
        </Alert>
      ))}
      {rejected && (
        <Alert color="red" title={rejectedTitle(plugin)} py="xs">
          <Text size="sm" className={classes.message}>
            {rejected.message}
          </Text>
          <Text size="xs" c="dimmed">
            <RelativeTime at={parseInstant(rejected.at)} />
            {rejected.digest !== "" && `, ${shortDigest(rejected.digest)}`}
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

function rejectedTitle({ rejected, generation }: Plugin): string {
  if (generation === 0) return "The file was refused: the plugin was never loaded";
  switch (rejected?.kind) {
    case "pinned":
      return "The newest file is not the pinned one; the version before it keeps serving";
    case "probation":
      return "The newest version does worse; the version before it keeps serving";
    case "rolled-back":
      return "The newest version was killed again and again; the version before it serves again";
    default:
      return "The newest file was refused; the version before it keeps serving";
  }
}

function Figures({ plugin }: { plugin: Plugin }) {
  const { calls } = plugin;
  const last = calls.lastDurationSeconds;
  return (
    <SimpleGrid cols={{ base: 2, sm: 3, lg: 5 }} spacing="sm">
      <Figure name="Calls" note={last === null ? undefined : `last took ${humanizeSeconds(last)}`}>
        {count(calls.total, "", "").trim()}
      </Figure>
      <Figure name="Errors" note={`${calls.killed} killed`} isBad={calls.errors + calls.killed > 0}>
        {count(calls.errors, "", "").trim()}
      </Figure>
      <Figure name="Usual time" note="of half of the last calls">
        {took(calls.medianDurationSeconds)}
      </Figure>
      <Figure name="Slow calls" note="95 of 100 were faster">
        {took(calls.slowDurationSeconds)}
      </Figure>
      <Figure name="Processor time" note="of all calls">
        {humanizeSeconds(calls.cpuSecondsTotal)}
      </Figure>
    </SimpleGrid>
  );
}

function took(seconds: number | null): string {
  return seconds === null ? "–" : humanizeSeconds(seconds);
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
      {plugin.previous !== null && <>Falls back to {plugin.previous}. </>}
      {plugin.file} <span title={plugin.digest}>{shortDigest(plugin.digest)}</span>
      {plugin.pinned !== null && <span title={plugin.pinned}> pinned to {shortDigest(plugin.pinned)}</span>}
    </Box>
  );
}

/** Enough of a digest to compare by eye; the whole is on hover. */
function shortDigest(digest: string): string {
  const [algorithm = "", hex = ""] = digest.split(":");
  return hex === "" ? digest.slice(0, 20) : `${algorithm}:${hex.slice(0, 12)}…`;
}
