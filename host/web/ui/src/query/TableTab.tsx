import { Box, Group, ScrollArea, Table, Text } from "@mantine/core";
import { useMemo } from "react";
import { queryInstant, type Labels, type QueryData } from "../api";
import { Copyable } from "../components/CopyButton";
import { SeriesName } from "../components/LabelSet";
import { Loading } from "../components/Loading";
import { useBounded } from "../components/useBounded";
import { formatSeries } from "../format/labels";
import { useRequest } from "../state/useRequest";
import { HistogramView } from "./HistogramView";
import { Notices } from "./Notices";
import type { PanelState } from "./panel";
import { QueryError } from "./QueryError";
import { QueryStats } from "./QueryStats";
import { toTableRows, type TableRow } from "./tableRows";
import { TimeInput } from "./TimeInput";

const ROWS_AT_ONCE = 500;
/** Of more histograms than this the shapes are not drawn: they are not compared by eye. */
const SHAPES_MAX = 50;
const MOMENT_STEP_MS = 10 * 60_000;

interface Props {
  panel: PanelState;
  onPatch: (patch: Partial<PanelState>) => void;
  /** Grows with every run: the same expression is asked again. */
  run: number;
  /** Ask again this often, as long as the time is now. */
  refreshMs: number | null;
  onGoTo: (offset: number) => void;
}

/** The answer at one instant. */
export function TableTab({ panel, onPatch, run, refreshMs, onGoTo }: Props) {
  const { expr, moment } = panel;
  const load = useMemo(() => {
    if (expr.trim() === "") return null;
    return (signal: AbortSignal) => queryInstant({ query: expr, time: (moment ?? Date.now()) / 1000 }, signal);
  }, [expr, moment, run]);
  const polling = refreshMs !== null && moment === null ? { intervalMs: refreshMs } : {};
  const { answer, error, isLoading, tookMs, answeredAt } = useRequest<QueryData>(load, polling);
  const rows = useMemo(() => (answer ? toTableRows(answer.data) : []), [answer]);

  return (
    <Box>
      <Group px="md" py="sm" justify="space-between">
        <TimeInput
          label="Evaluation time"
          value={moment}
          onChange={(value) => onPatch({ moment: value })}
          stepMs={MOMENT_STEP_MS}
        />
        {answer && !error && (
          <QueryStats
            tookMs={tookMs}
            results={rows.length}
            noun={["result", "results"]}
            samplesRead={answer.data.stats?.samples.samplesRead}
            isLoading={isLoading}
          />
        )}
      </Group>
      {error && <QueryError error={error} expr={expr} onGoTo={onGoTo} shownFrom={answeredAt} />}
      {answer && <Notices warnings={answer.warnings} infos={answer.infos} />}
      {!answer && isLoading && load && <Loading label="Running the query" />}
      {answer && <Rows rows={rows} isStale={isLoading || error !== null} />}
    </Box>
  );
}

function CopyableSeries({ labels }: { labels: Labels }) {
  return (
    <Copyable text={formatSeries(labels)} what="this series">
      <SeriesName labels={labels} />
    </Copyable>
  );
}

function Rows({ rows, isStale }: { rows: TableRow[]; isStale: boolean }) {
  const [shown, more] = useBounded(rows, ROWS_AT_ONCE);
  const hasShapes = rows.length <= SHAPES_MAX;
  if (rows.length === 0) {
    return (
      <Text c="dimmed" size="sm" px="md" pb="md">
        The query is valid, and nothing matches at this time. Check names and labels (completion offers those
        that exist), or choose another time.
      </Text>
    );
  }
  return (
    <ScrollArea style={{ opacity: isStale ? 0.6 : 1 }}>
      <Table highlightOnHover horizontalSpacing="md" verticalSpacing={5} layout="auto">
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">Series</Table.Th>
            <Table.Th scope="col" ta="right">
              Value
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {shown.map((row, index) => (
            <Table.Tr key={index} style={row.histogram ? { verticalAlign: "top" } : undefined}>
              <Table.Td>{row.labels ? <CopyableSeries labels={row.labels} /> : row.kind}</Table.Td>
              <Table.Td ta="right" ff="monospace" fz={13} style={{ whiteSpace: "pre-wrap" }}>
                {row.value}
                {row.histogram && hasShapes && <HistogramView value={row.histogram} />}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {more}
    </ScrollArea>
  );
}
