import { Progress, Table, Text } from "@mantine/core";
import { Section } from "../components/Section";
import { formatBytes, formatValue } from "../format/value";
import { EMPTY_PANEL } from "../query/panel";
import { encodePanels } from "../query/urlState";
import { Link } from "../router";
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
  const search = encodePanels([{ ...EMPTY_PANEL, expr: row.expr }]);
  return (
    <Table.Tr>
      <Table.Td ff="monospace" fz={12.5} style={{ overflowWrap: "anywhere" }}>
        <Link page="query" search={search} title={row.expr}>
          {row.name}
        </Link>
        {row.share !== null && <Progress mt={3} size={3} value={row.share * 100} aria-hidden />}
      </Table.Td>
      <Table.Td ta="right" style={{ verticalAlign: "top", whiteSpace: "nowrap" }}>
        {isBytes ? formatBytes(row.value) : formatValue(row.value)}
        {row.share !== null && (
          <Text span size="xs" c="dimmed">
            {" "}
            ({percent(row.share)})
          </Text>
        )}
      </Table.Td>
    </Table.Tr>
  );
}

function percent(share: number): string {
  return share < 0.001 ? "<0.1 %" : `${formatValue(Number((share * 100).toPrecision(2)))} %`;
}
