import { Table, Text } from "@mantine/core";
import { Loading } from "../components/Loading";
import { RequestNotice } from "../components/RequestNotice";
import { Section } from "../components/Section";
import { AbsoluteTime } from "../components/Time";
import { useBounded } from "../components/useBounded";
import { humanizeSeconds } from "../format/duration";
import { count, formatValue } from "../format/value";
import type { RequestState } from "../state/useRequest";
import type { BlockMeta } from "../statusApi";
import { blockRows, blockTotals, type BlockRow } from "./blockRows";

const BLOCKS_AT_ONCE = 50;

/** What has left the head for the disk. */
export function BlocksSection({ state }: { state: RequestState<{ blocks: BlockMeta[] }> }) {
  const rows = blockRows(state.answer?.data.blocks ?? []);
  const totals = blockTotals(rows);
  return (
    <Section
      title="Blocks"
      aside={
        rows.length > 0 && (
          <Text size="sm" c="dimmed">
            {count(rows.length, "block", "blocks")}, {count(totals.samples, "sample", "samples")}
            {totals.tombstones > 0 && `, ${count(totals.tombstones, "tombstone", "tombstones")}`}
          </Text>
        )
      }
    >
      <RequestNotice state={state} />
      {!state.answer && state.isLoading && <Loading />}
      {state.answer && rows.length === 0 && (
        <Text c="dimmed" size="sm" p="md">
          No blocks yet: all samples are in the head, which is written to a block every two hours.
        </Text>
      )}
      {rows.length > 0 && <BlockTable rows={rows} />}
    </Section>
  );
}

function BlockTable({ rows }: { rows: BlockRow[] }) {
  const [shown, more] = useBounded(rows, BLOCKS_AT_ONCE);
  return (
    <Table.ScrollContainer minWidth={900}>
      <Table horizontalSpacing="md" verticalSpacing={5}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">Block</Table.Th>
            <Table.Th scope="col">From</Table.Th>
            <Table.Th scope="col">Until</Table.Th>
            <Table.Th scope="col">Spans</Table.Th>
            <Table.Th scope="col" ta="right">Series</Table.Th>
            <Table.Th scope="col" ta="right">Samples</Table.Th>
            <Table.Th scope="col" ta="right">Chunks</Table.Th>
            <Table.Th scope="col" ta="right">Tombstones</Table.Th>
            <Table.Th scope="col" ta="right">Level</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {shown.map((row) => (
            <Table.Tr key={row.ulid}>
              <Table.Td ff="monospace" fz={12.5}>
                {row.ulid}
                {row.hints.length > 0 && (
                  <Text span inherit c="dimmed">
                    {" "}
                    {row.hints.join(", ")}
                  </Text>
                )}
              </Table.Td>
              <Table.Td>
                <AbsoluteTime at={row.startMs} />
              </Table.Td>
              <Table.Td>
                <AbsoluteTime at={row.endMs} />
              </Table.Td>
              <Table.Td>{humanizeSeconds((row.endMs - row.startMs) / 1000)}</Table.Td>
              <Table.Td ta="right">{formatValue(row.series)}</Table.Td>
              <Table.Td ta="right">{formatValue(row.samples)}</Table.Td>
              <Table.Td ta="right">{formatValue(row.chunks)}</Table.Td>
              <Table.Td ta="right">{formatValue(row.tombstones)}</Table.Td>
              <Table.Td ta="right">{row.level}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {more}
    </Table.ScrollContainer>
  );
}
