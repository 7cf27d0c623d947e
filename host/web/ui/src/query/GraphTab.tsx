import { Box, Group, Text } from "@mantine/core";
import { lazy, Suspense, useMemo, useState } from "react";
import { Loading } from "../components/Loading";
import { formatDuration } from "../format/duration";
import { useRequest } from "../state/useRequest";
import { ExemplarList } from "./ExemplarList";
import { NO_EXEMPLARS, type ExemplarMark } from "./exemplars";
import { loadGraph, ownNotes, shownAs, type Graph } from "./graph";
import { GraphControls } from "./GraphControls";
import { toHistograms } from "./histograms";
import { Legend } from "./Legend";
import { Notices } from "./Notices";
import type { PanelState } from "./panel";
import { QueryError } from "./QueryError";
import { QueryStats } from "./QueryStats";
import { windowOf } from "./step";
import { among } from "./visibility";

const Chart = lazy(() => import("./Chart"));
const HeatChart = lazy(() => import("./HeatChart"));

interface Props {
  panel: PanelState;
  onPatch: (patch: Partial<PanelState>) => void;
  /** Grows with every run: the same expression is asked again. */
  run: number;
  /** Ask again this often, as long as the end is now. */
  refreshMs: number | null;
  onGoTo: (offset: number) => void;
}

/** The answer over a window of time. */
export function GraphTab({ panel, onPatch, run, refreshMs, onGoTo }: Props) {
  const { expr, end, rangeMs, resolution, showExemplars } = panel;
  // One string stands for the resolution, since every decoding of the address makes a new object.
  const resolutionKey = JSON.stringify(resolution);
  const load = useMemo(() => {
    if (expr.trim() === "") return null;
    return (signal: AbortSignal) =>
      loadGraph(expr, windowOf({ end, rangeMs, resolution }, Date.now()), showExemplars, signal);
  }, [expr, end, rangeMs, resolutionKey, showExemplars, run]);
  const polling = refreshMs !== null && end === null ? { intervalMs: refreshMs } : {};
  const { answer, error, isLoading, tookMs, answeredAt } = useRequest<Graph>(load, polling);
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
            results={graph.data.resultType === "matrix" ? graph.data.result.length : 0}
            noun={["series", "series"]}
            samplesRead={graph.data.stats?.samples.samplesRead}
            step={formatDuration(graph.window.stepMs)}
            isLoading={isLoading}
          />
        )}
      </Group>
      {error && <QueryError error={error} expr={expr} onGoTo={onGoTo} shownFrom={answeredAt} />}
      {!answer && isLoading && load && <Loading label="Running the query" />}
      {answer && graph && (
        <Drawing
          // Lines and histograms have other names: which are visible is of one of them.
          key={String(panel.display === "heatmap")}
          graph={graph}
          panel={panel}
          warnings={answer.warnings}
          infos={answer.infos}
          isStale={isLoading || error !== null}
          onZoom={zoom}
        />
      )}
    </Box>
  );
}

interface DrawingProps {
  graph: Graph;
  panel: PanelState;
  warnings: readonly string[];
  infos: readonly string[];
  isStale: boolean;
  onZoom: (startMs: number, endMs: number) => void;
}

/** The answer, drawn as asked for where that can be done. */
function Drawing({ graph, panel, warnings, infos, isStale, onZoom }: DrawingProps) {
  const { data, plot, window } = graph;
  const [chosen, setChosen] = useState<ReadonlySet<string> | null>(null);
  const [highlighted, setHighlighted] = useState<number | null>(null);
  const [selected, setSelected] = useState<ExemplarMark | null>(null);
  const wantsHistograms = panel.display === "heatmap" || plot.series.length === 0;
  const histograms = useMemo(() => (wantsHistograms ? toHistograms(data, window) : []), [wantsHistograms, data, window]);
  const shown = shownAs(panel.display, plot, histograms);
  const series = shown === "heatmap" ? histograms : plot.series;
  const visible = useMemo(() => among(chosen, series.map((each) => each.name)), [chosen, series]);
  const { marks } = graph.exemplars ?? NO_EXEMPLARS;
  const common = { window, visible, marks, onMark: setSelected, onZoom };
  return (
    <>
      <Notices warnings={warnings} infos={[...infos, ...ownNotes(graph, panel.display, shown, histograms.length)]} />
      {series.length === 0 ? (
        <Text c="dimmed" size="sm" px="md" pb="md">
          The query is valid, and has no samples in this window. Widen the range, or move its end.
        </Text>
      ) : (
        <Box px="sm" pb="sm" style={{ opacity: isStale ? 0.6 : 1 }}>
          <Suspense fallback={<Loading />}>
            {shown === "heatmap" ? (
              <HeatChart {...common} histograms={histograms} times={plot.times} />
            ) : (
              <Chart
                {...common}
                plot={plot}
                isStacked={shown === "stacked"}
                axisMin={panel.axisMin}
                highlighted={highlighted}
              />
            )}
          </Suspense>
          <ExemplarList marks={marks} selected={selected && marks.includes(selected) ? selected : null} />
          <Legend
            series={series}
            visible={visible}
            onVisible={setChosen}
            onHighlight={setHighlighted}
            isColored={shown !== "heatmap"}
          />
        </Box>
      )}
    </>
  );
}
