import { Table, Text } from "@mantine/core";
import { useBounded } from "../../components/useBounded";
import { formatLabelName, quote } from "../../format/labels";
import type { LabelSummary } from "../labelSummary";
import type { Summary } from "./parts";

const LABELS_AT_ONCE = 30;

/** The labels that tell results apart: how many values each has, and which are the most frequent. */
export function LabelTable({ summary }: { summary: Summary }) {
  const [shown, more] = useBounded(summary.labels, LABELS_AT_ONCE);
  if (summary.labels.length === 0) {
    return (
      <Text size="sm" c="dimmed" mt="xs">
        {summary.results === 0 ? "Nothing comes of it at this time." : "Its results have no labels."}
      </Text>
    );
  }
  return (
    <>
      <Table.ScrollContainer minWidth={420} mt="xs">
        <Table verticalSpacing={4} fz={13}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">Label of its results</Table.Th>
              <Table.Th scope="col" ta="right">
                Values
              </Table.Th>
              <Table.Th scope="col">Most frequent, with the number of results</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {shown.map((label) => (
              <LabelRow key={label.name} label={label} />
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {more}
    </>
  );
}

function LabelRow({ label }: { label: LabelSummary }) {
  const left = label.values - label.frequent.length;
  return (
    <Table.Tr style={{ verticalAlign: "top" }}>
      <Table.Th scope="row" ff="monospace" fw={500} c="var(--nx-promql-label)">
        {formatLabelName(label.name)}
      </Table.Th>
      <Table.Td ta="right">{label.values}</Table.Td>
      <Table.Td style={{ overflowWrap: "anywhere" }}>
        {label.frequent.map(({ value, series }, index) => (
          <span key={value}>
            {index > 0 && ", "}
            <Text span ff="monospace" fz={13}>
              {quote(value)}
            </Text>{" "}
            <Text span c="dimmed" fz={12}>
              {series}
            </Text>
          </span>
        ))}
        {left > 0 && ` and ${left} more`}
      </Table.Td>
    </Table.Tr>
  );
}
