import { Badge, Button, Group, Modal, Text, TextInput, UnstyledButton } from "@mantine/core";
import { useDeferredValue, useState } from "react";
import { Loading } from "../components/Loading";
import { RequestNotice } from "../components/RequestNotice";
import { useBounded } from "../components/useBounded";
import { formatSeries } from "../format/labels";
import { count } from "../format/value";
import { LabelsExplorer } from "./LabelsExplorer";
import type { Metric } from "./metricList";
import classes from "./MetricsExplorer.module.css";
import { METRICS_LISTED_MAX, useMetrics } from "./useMetrics";

const METRICS_AT_ONCE = 100;

interface Props {
  /** Takes a selector. */
  onChoose: (selector: string) => void;
  onClose: () => void;
}

/** Metrics with type and help, to find a name by what it means, and the labels of one. */
export default function MetricsExplorer({ onChoose, onClose }: Props) {
  const [filter, setFilter] = useState("");
  const [explored, setExplored] = useState<string | null>(null);
  return (
    <Modal opened onClose={onClose} title={explored === null ? "Metrics" : "Labels of a metric"} size="xl">
      {explored === null ? (
        <MetricList filter={filter} onFilter={setFilter} onChoose={onChoose} onExplore={setExplored} />
      ) : (
        <LabelsExplorer metric={explored} onChoose={onChoose} onBack={() => setExplored(null)} />
      )}
    </Modal>
  );
}

interface ListProps {
  filter: string;
  onFilter: (filter: string) => void;
  onChoose: (selector: string) => void;
  onExplore: (metric: string) => void;
}

function MetricList({ filter, onFilter, onChoose, onExplore }: ListProps) {
  const typed = useDeferredValue(filter);
  const { metrics, isSearched, state } = useMetrics(typed);
  // What is shown may still be of what was typed before.
  const isCurrent = typed === filter && !state.isLoading;
  const [shown, more] = useBounded(metrics ?? [], METRICS_AT_ONCE);
  const choose = (metric: Metric) => onChoose(formatSeries({ __name__: metric.name }));
  return (
    <>
      <TextInput
        data-autofocus
        autoFocus
        aria-label="Filter metrics"
        placeholder={isSearched ? "Letters of the name" : "Words of the name, the type or the help"}
        value={filter}
        onChange={(event) => onFilter(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== "Enter") return;
          // The editor has the focus next, and must not take this key for a new line.
          event.preventDefault();
          const first = metrics?.[0];
          if (first && isCurrent) choose(first);
        }}
        mb="xs"
      />
      <RequestNotice state={state} />
      {!metrics && state.isLoading && <Loading />}
      {metrics && (
        <Text size="xs" c="dimmed" mb={4} role="status">
          {state.answer?.data.hasMore && "The first "}
          {count(metrics.length, "metric", "metrics")}
          {metrics.length > 0 && ". Enter takes the first."}
          {isSearched && ` There are more than ${count(METRICS_LISTED_MAX, "metric", "metrics")}: only names are searched.`}
        </Text>
      )}
      {metrics && metrics.length === 0 && filter === "" && (
        <Text size="sm">Nothing has been scraped yet. The targets page says why, if it stays so.</Text>
      )}
      {shown.map((metric) => (
        <MetricRow key={metric.name} metric={metric} onChoose={() => choose(metric)} onExplore={() => onExplore(metric.name)} />
      ))}
      {more}
    </>
  );
}

function MetricRow({ metric, onChoose, onExplore }: { metric: Metric; onChoose: () => void; onExplore: () => void }) {
  return (
    <div className={classes.row}>
      <UnstyledButton className={classes.metric} onClick={onChoose}>
        <Group gap="xs">
          <span className={classes.name}>{metric.name}</span>
          {metric.type !== "" && (
            <Badge size="xs" radius="sm" variant="light" color="gray">
              {metric.type}
            </Badge>
          )}
        </Group>
        {metric.help !== "" && <span className={classes.help}>{metric.help}</span>}
      </UnstyledButton>
      <Button variant="subtle" size="compact-xs" aria-label={`Labels of ${metric.name}`} onClick={onExplore}>
        Labels
      </Button>
    </div>
  );
}
