import { Table } from "@mantine/core";
import type { ReactNode } from "react";

/** Names and values, one a line. */
export function KeyValues({ rows }: { rows: [name: string, value: ReactNode][] }) {
  return (
    <Table horizontalSpacing="md">
      <Table.Tbody>
        {rows.map(([name, value]) => (
          <Table.Tr key={name}>
            <Table.Th scope="row" w="36%" fw={500} c="dimmed">
              {name}
            </Table.Th>
            <Table.Td style={{ overflowWrap: "anywhere" }}>{value}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
