import { Badge, Group, Modal, Text, TextInput, UnstyledButton } from "@mantine/core";
import { useDeferredValue, useMemo, useState } from "react";
import { getMetadata, getMetricNames } from "../api";
import { Loading } from "../components/Loading";
import { RequestNotice } from "../components/RequestNotice";
import { useBounded } from "../components/useBounded";
import { count } from "../format/value";
import { useRequest } from "../state/useRequest";
import { filterMetrics, metricList } from "./metricList";
import classes from "./MetricsExplorer.module.css";

const METRICS_AT_ONCE = 100;

interface Props {
  onChoose: (name: string) => void;
  onClose: () => void;
}

/** All metrics with type and help, to find a name by what it means. */
export default function MetricsExplorer({ onChoose, onClose }: Props) {
  const names = useRequest(getMetricNames);
  // Types and help are a convenience: without them the names alone are shown.
  const metadata = useRequest(getMetadata);
  const [filter, setFilter] = useState("");
  const typed = useDeferredValue(filter);
  const metrics = useMemo(
    () => metricList(names.answer?.data ?? [], metadata.answer?.data ?? {}),
    [names.answer, metadata.answer],
  );
  const passing = useMemo(() => filterMetrics(metrics, typed), [metrics, typed]);
  const [shown, more] = useBounded(passing, METRICS_AT_ONCE);

  return (
    <Modal opened onClose={onClose} title="Metrics" size="xl">
      <TextInput
        data-autofocus
        aria-label="Filter metrics"
        placeholder="Words of the name, the type or the help"
        value={filter}
        onChange={(event) => setFilter(event.currentTarget.value)}
        onKeyDown={(event) => {
          const first = passing[0];
          if (event.key !== "Enter" || !first) return;
          // The editor has the focus next, and must not take this key for a new line.
          event.preventDefault();
          onChoose(first.name);
        }}
        mb="xs"
      />
      <RequestNotice state={names} />
      {!names.answer && names.isLoading && <Loading />}
      {names.answer && (
        <Text size="xs" c="dimmed" mb={4} role="status">
          {count(passing.length, "metric", "metrics")}
          {passing.length > 0 && ". Enter takes the first."}
        </Text>
      )}
      {names.answer && metrics.length === 0 && (
        <Text size="sm">Nothing has been scraped yet. The targets page says why, if it stays so.</Text>
      )}
      {shown.map((metric) => (
        <UnstyledButton key={metric.name} className={classes.metric} onClick={() => onChoose(metric.name)}>
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
      ))}
      {more}
    </Modal>
  );
}
