import { Table } from "@mantine/core";
import { useEffect, useState } from "react";
import { LabelSet, SeriesName } from "../components/LabelSet";
import { AbsoluteTime } from "../components/Time";
import { useBounded } from "../components/useBounded";
import { count, formatValue } from "../format/value";
import classes from "./ExemplarList.module.css";
import type { ExemplarMark } from "./exemplars";

interface Props {
  marks: readonly ExemplarMark[];
  /** The one that was clicked in the graph: it comes first. */
  selected: ExemplarMark | null;
}

const MARKS_AT_ONCE = 20;

/** The exemplars of a graph as text, the newest first: to read, to copy, and without a pointer. */
export function ExemplarList({ marks, selected }: Props) {
  const [isOpen, setOpen] = useState(false);
  const [shown, more] = useBounded([...marks].reverse(), MARKS_AT_ONCE);
  useEffect(() => {
    if (selected) setOpen(true);
  }, [selected]);
  if (marks.length === 0) return null;
  return (
    <details className={classes.list} open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{count(marks.length, "exemplar", "exemplars")}</summary>
      {isOpen && (
        <Table.ScrollContainer minWidth={640}>
          <Table verticalSpacing={4}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th scope="col">Time</Table.Th>
                <Table.Th scope="col" ta="right">
                  Value
                </Table.Th>
                <Table.Th scope="col">Exemplar</Table.Th>
                <Table.Th scope="col">Series</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {selected && <Row mark={selected} isSelected />}
              {shown.map((mark, index) => mark !== selected && <Row key={index} mark={mark} isSelected={false} />)}
            </Table.Tbody>
          </Table>
          {more}
        </Table.ScrollContainer>
      )}
    </details>
  );
}

function Row({ mark, isSelected }: { mark: ExemplarMark; isSelected: boolean }) {
  return (
    <Table.Tr className={isSelected ? classes.selected : undefined} style={{ verticalAlign: "top" }}>
      <Table.Td style={{ whiteSpace: "nowrap" }}>
        <AbsoluteTime at={mark.atMs} />
        {isSelected && <span className="nx-hidden"> (selected)</span>}
      </Table.Td>
      <Table.Td ta="right">{formatValue(mark.value)}</Table.Td>
      <Table.Td>
        <LabelSet labels={mark.labels} />
      </Table.Td>
      <Table.Td>
        <SeriesName labels={mark.series} />
      </Table.Td>
    </Table.Tr>
  );
}
