import { Button, Code, Group, Pill, Table, Text, UnstyledButton } from "@mantine/core";
import { useCallback, useMemo, useState } from "react";
import type { Labels } from "../api";
import { Loading } from "../components/Loading";
import { RequestNotice } from "../components/RequestNotice";
import { useBounded } from "../components/useBounded";
import { formatLabelName, formatSeries, labelPairs, quote } from "../format/labels";
import { count } from "../format/value";
import { getSeries } from "../queryApi";
import { useRequest } from "../state/useRequest";
import { summarizeLabels, type LabelSummary } from "./labelSummary";
import classes from "./MetricsExplorer.module.css";

/** Of a metric with more series the first are looked at. */
const SERIES_MAX = 10_000;
const VALUES_MAX = 500;
const VALUES_AT_ONCE = 12;
/** Series that ended before are not of interest. */
const LOOK_BACK_MS = 12 * 3_600_000;

interface Props {
  metric: string;
  /** Takes a selector. */
  onChoose: (selector: string) => void;
  onBack: () => void;
}

/** The labels of one metric and their values; those that are clicked narrow what is selected. */
export function LabelsExplorer({ metric, onChoose, onBack }: Props) {
  const [chosen, setChosen] = useState<Labels>({});
  const selector = formatSeries({ ...chosen, __name__: metric });
  const load = useCallback(
    (signal: AbortSignal) => getSeries({ selector, sinceMs: Date.now() - LOOK_BACK_MS, limit: SERIES_MAX + 1 }, signal),
    [selector],
  );
  const state = useRequest(load);
  const series = state.answer?.data;
  const labels = useMemo(() => summarizeLabels(series?.slice(0, SERIES_MAX) ?? [], VALUES_MAX), [series]);
  const without = (name: string) => Object.fromEntries(Object.entries(chosen).filter(([each]) => each !== name));

  return (
    <>
      <Group gap="xs" mb="xs">
        <Button variant="default" size="xs" onClick={onBack}>
          All metrics
        </Button>
        <Button size="xs" autoFocus onClick={() => onChoose(selector)}>
          Insert
        </Button>
        <Code className={classes.name}>{selector}</Code>
      </Group>
      {labelPairs(chosen).length > 0 && (
        <Pill.Group mb="xs">
          {labelPairs(chosen).map(([name, value]) => (
            <Pill
              key={name}
              withRemoveButton
              removeButtonProps={{ "aria-label": `Remove ${name}`, "aria-hidden": false, tabIndex: 0 }}
              onRemove={() => setChosen(without(name))}
            >
              {formatLabelName(name)}={quote(value)}
            </Pill>
          ))}
        </Pill.Group>
      )}
      <RequestNotice state={state} />
      {!series && state.isLoading && <Loading />}
      {series && (
        <>
          <Text size="xs" c="dimmed" mb={4} role="status">
            {series.length > SERIES_MAX
              ? `More than ${count(SERIES_MAX, "series", "series")}; the labels of the first are shown.`
              : `${count(series.length, "series", "series")}. Click a value to select only those that have it.`}
          </Text>
          <Table verticalSpacing={4} fz={13} style={{ opacity: state.isLoading ? 0.6 : 1 }}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th scope="col">Label</Table.Th>
                <Table.Th scope="col">Values, with the number of series</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {labels.map((label) => (
                <LabelRow key={label.name} label={label} onPick={(value) => setChosen({ ...chosen, [label.name]: value })} />
              ))}
            </Table.Tbody>
          </Table>
        </>
      )}
    </>
  );
}

function LabelRow({ label, onPick }: { label: LabelSummary; onPick: (value: string) => void }) {
  const [shown, more] = useBounded(label.frequent, VALUES_AT_ONCE);
  const left = label.values - label.frequent.length;
  return (
    <Table.Tr style={{ verticalAlign: "top" }}>
      <Table.Th scope="row" miw={110} ff="monospace" fw={500} c="var(--nx-promql-label)" style={{ overflowWrap: "anywhere" }}>
        {formatLabelName(label.name)}
        <Text size="xs" c="dimmed">
          {count(label.values, "value", "values")}
        </Text>
      </Table.Th>
      <Table.Td>
        {shown.map(({ value, series }) => (
          <UnstyledButton key={value} className={classes.value} onClick={() => onPick(value)}>
            {quote(value)} <span className={classes.amount}>{series}</span>
          </UnstyledButton>
        ))}
        {more}
        {more === null && left > 0 && `and ${left} more`}
      </Table.Td>
    </Table.Tr>
  );
}
