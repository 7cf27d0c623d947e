import { Progress, Table, Text } from "@mantine/core";
import { QueryLink } from "../components/QueryLink";
import { Section } from "../components/Section";
import { formatBytes, formatShare, formatValue } from "../format/value";
import type { Ranking, RankedRow } from "./rankings";

/** One table of what takes the most room; each name leads to a query about it. */
export function RankingTable({ ranking }: { ranking: Ranking }) {
  return (
    <Section title={ranking.title}>
      {ranking.rows.length === 0 ? (
        <Text c="dimmed" size="sm" p="md">
          The head is empty.
        </Text>
      ) : (
        <Table horizontalSpacing="md" verticalSpacing={4}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">{ranking.nameTitle}</Table.Th>
              <Table.Th scope="col" ta="right" w={130}>
                {ranking.valueTitle}
              </Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {ranking.rows.map((row) => (
              <Row key={row.name} row={row} isBytes={ranking.isBytes} />
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Section>
  );
}

function Row({ row, isBytes }: { row: RankedRow; isBytes: boolean }) {
  return (
    <Table.Tr>
      <Table.Td style={{ overflowWrap: "anywhere" }}>
        <QueryLink expr={row.expr}>{row.name}</QueryLink>
        {row.share !== null && <Progress mt={3} size={3} value={row.share * 100} aria-hidden />}
      </Table.Td>
      <Table.Td ta="right" style={{ verticalAlign: "top", whiteSpace: "nowrap" }}>
        {isBytes ? formatBytes(row.value) : formatValue(row.value)}
        {row.share !== null && (
          <Text span size="xs" c="dimmed">
            {" "}
            ({formatShare(row.share)})
          </Text>
        )}
      </Table.Td>
    </Table.Tr>
  );
}
