import { Table, Text } from "@mantine/core";
import type { Target } from "../api";
import { ErrorText } from "../components/ErrorText";
import { LabelSet } from "../components/LabelSet";
import { StateBadge } from "../components/StateBadge";
import { RelativeTime } from "../components/Time";
import { useBounded } from "../components/useBounded";
import { humanizeSeconds } from "../format/duration";
import { parseInstant } from "../format/time";

const TARGETS_AT_ONCE = 100;

/** The targets of one pool. */
export function TargetTable({ targets }: { targets: readonly Target[] }) {
  const [shown, more] = useBounded(targets, TARGETS_AT_ONCE);
  return (
    <Table.ScrollContainer minWidth={820}>
      <Table horizontalSpacing="md" verticalSpacing="xs" style={{ tableLayout: "fixed" }}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">Endpoint</Table.Th>
            <Table.Th scope="col">Labels</Table.Th>
            <Table.Th scope="col" w={110}>
              Health
            </Table.Th>
            <Table.Th scope="col" w={120}>
              Last scrape
            </Table.Th>
            <Table.Th scope="col" w={100} ta="right">
              Took
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {shown.map((target, index) => (
            <TargetRow key={`${target.scrapeUrl} ${index}`} target={target} />
          ))}
        </Table.Tbody>
      </Table>
      {more}
    </Table.ScrollContainer>
  );
}

function TargetRow({ target }: { target: Target }) {
  return (
    <Table.Tr style={{ verticalAlign: "top" }}>
      <Table.Td style={{ overflowWrap: "anywhere" }}>
        <Endpoint target={target} />
        {target.lastError !== "" && <ErrorText>{target.lastError}</ErrorText>}
      </Table.Td>
      <Table.Td>
        <LabelSet labels={target.labels} />
      </Table.Td>
      <Table.Td>
        <StateBadge state={target.health} />
      </Table.Td>
      <Table.Td fz="sm">
        <RelativeTime at={parseInstant(target.lastScrape)} />
        {target.scrapeInterval && (
          <Text size="xs" c="dimmed">
            every {target.scrapeInterval}
          </Text>
        )}
      </Table.Td>
      <Table.Td ta="right" fz="sm">
        {parseInstant(target.lastScrape) === null ? "–" : humanizeSeconds(target.lastScrapeDuration)}
        {target.scrapeTimeout && (
          <Text size="xs" c="dimmed">
            of {target.scrapeTimeout}
          </Text>
        )}
      </Table.Td>
    </Table.Tr>
  );
}

/** Where the samples come from: an address to open, or the plugin that is asked. */
function Endpoint({ target }: { target: Target }) {
  const address = target.globalUrl || target.scrapeUrl;
  if (!/^https?:\/\//.test(address)) return <Text size="sm">{target.scrapeUrl}</Text>;
  return (
    <Text size="sm">
      <a href={address} target="_blank" rel="noreferrer">
        {target.scrapeUrl}
      </a>
    </Text>
  );
}
