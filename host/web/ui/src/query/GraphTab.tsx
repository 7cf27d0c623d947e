import { Box, Group, Text } from "@mantine/core";
import { lazy, Suspense, useMemo, useState } from "react";
import { queryRange, type Answer } from "../api";
import { Loading } from "../components/Loading";
import { formatDuration } from "../format/duration";
import { count } from "../format/value";
import { useRequest } from "../state/useRequest";
import { GraphControls } from "./GraphControls";
import { Legend } from "./Legend";
import { Notices } from "./Notices";
import type { PanelState } from "./panel";
import { SERIES_DRAWN_MAX, toPlotData, type PlotData } from "./plotData";
import { QueryError } from "./QueryError";
import { QueryStats } from "./QueryStats";
import { windowOf, type Window } from "./step";

const Chart = lazy(() => import("./Chart"));

interface Props {
  panel: PanelState;
  onPatch: (patch: Partial<PanelState>) => void;
  /** Grows with every run: the same expression is asked again. */
  run: number;
  /** Ask again this often, as long as the end is now. */
  refreshMs: number | null;
  onGoTo: (offset: number) => void;
}

interface Graph {
  plot: PlotData;
  /** The window that was asked for: it stays the axis, also where there is no data. */
  window: Window;
}

/** The answer over a window of time. */
export function GraphTab({ panel, onPatch, run, refreshMs, onGoTo }: Props) {
  const { expr, end, rangeMs, resolution, display } = panel;
  // One string stands for the resolution, since every decoding of the address makes a new object.
  const resolutionKey = JSON.stringify(resolution);
  const load = useMemo(() => {
    if (expr.trim() === "") return null;
    return (signal: AbortSignal) => loadGraph(expr, windowOf({ end, rangeMs, resolution }, Date.now()), signal);
  }, [expr, end, rangeMs, resolutionKey, run]);
  const polling = refreshMs !== null && end === null ? { intervalMs: refreshMs } : {};
  const { answer, error, isLoading, tookMs } = useRequest<Graph>(load, polling);
  const [visibility, setVisibility] = useState<ReadonlySet<string> | null>(null);
  const [highlighted, setHighlighted] = useState<number | null>(null);
  const graph = answer?.data;

  const zoom = (startMs: number, endMs: number) => {
    // Whole seconds while they tell the edges apart: the address stays readable.
    const unit = endMs - startMs > 10_000 ? 1_000 : 1;
    const from = Math.floor(startMs / unit) * unit;
    const to = Math.ceil(endMs / unit) * unit;
    if (to > from) onPatch({ end: to, rangeMs: to - from });
  };

  return (
    <Box>
      <Group px="md" py="sm" justify="space-between">
        <GraphControls panel={panel} onPatch={onPatch} />
        {graph && !error && (
          <QueryStats
            tookMs={tookMs}
            results={graph.plot.series.length + graph.plot.cutSeries}
            noun={["series", "series"]}
            step={formatDuration(graph.window.stepMs)}
            isLoading={isLoading}
          />
        )}
      </Group>
      {error && <QueryError error={error} expr={expr} onGoTo={onGoTo} />}
      {!answer && isLoading && load && <Loading label="Running the query" />}
      {answer && graph && !error && (
        <>
          <Notices warnings={answer.warnings} infos={[...answer.infos, ...ownNotes(graph.plot)]} />
          {graph.plot.series.length === 0 ? (
            <Text c="dimmed" size="sm" px="md" pb="md">
              The query is valid, and has no samples in this window. Widen the range, or move its end.
            </Text>
          ) : (
            <Box px="sm" pb="sm" style={{ opacity: isLoading ? 0.6 : 1 }}>
              <Suspense fallback={<Loading />}>
                <Chart
                  plot={graph.plot}
                  window={graph.window}
                  display={display}
                  visible={visibility}
                  highlighted={highlighted}
                  onZoom={zoom}
                />
              </Suspense>
              <Legend
                series={graph.plot.series}
                visible={visibility}
                onVisible={setVisibility}
                onHighlight={setHighlighted}
              />
            </Box>
          )}
        </>
      )}
    </Box>
  );
}

async function loadGraph(query: string, window: Window, signal: AbortSignal): Promise<Answer<Graph>> {
  const answer = await queryRange(
    { query, start: window.startMs / 1000, end: window.endMs / 1000, step: window.stepMs / 1000 },
    signal,
  );
  return { ...answer, data: { plot: toPlotData(answer.data, window), window } };
}

function ownNotes(plot: PlotData): string[] {
  const notes: string[] = [];
  if (plot.cutSeries > 0) {
    notes.push(
      `Only the first ${SERIES_DRAWN_MAX} series are drawn; ${count(plot.cutSeries, "series is", "series are")} left out. ` +
        "Aggregate, or select fewer, e.g. with topk().",
    );
  }
  if (plot.histogramSeries > 0) {
    notes.push("Native histograms cannot be drawn as lines. Use histogram_quantile(), histogram_avg() or the table.");
  }
  return notes;
}
