import { Progress, Table, Text } from "@mantine/core";
import type { Plugin } from "../api";
import { count } from "../format/value";
import { budgetRows, type BudgetRow } from "./budgets";

/** From here on a budget is nearly spent. */
const NEARLY = 0.8;

/** The most that one call of a plugin spent, beside what it may. */
export function BudgetTable({ plugin }: { plugin: Plugin }) {
  return (
    <Table.ScrollContainer minWidth={300}>
      <Table verticalSpacing={4}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col" w="32%">
              Budget
            </Table.Th>
            <Table.Th scope="col">Most that was spent</Table.Th>
            <Table.Th scope="col" w="26%">
              Not enough
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {budgetRows(plugin).map((row) => (
            <Table.Tr key={row.budget}>
              <Table.Td>{row.label}</Table.Td>
              <Table.Td>
                <Text size="sm">
                  {row.peak} <span style={{ color: "var(--mantine-color-dimmed)" }}>of {row.limit}</span>
                </Text>
                <Progress
                  size={3}
                  maw={320}
                  value={row.share * 100}
                  color={color(row)}
                  aria-label={`${row.label}: ${row.peak} of ${row.limit}`}
                />
              </Table.Td>
              <Table.Td c={row.exceeded > 0 ? "var(--nx-bad)" : "dimmed"} fz="sm">
                {row.exceeded > 0 ? count(row.exceeded, "call", "calls") : "–"}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function color(row: BudgetRow): string {
  if (row.exceeded > 0) return "red";
  return row.share >= NEARLY ? "yellow" : "green";
}
