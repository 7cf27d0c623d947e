/** What the graph of a panel shows: the answer as lines and as histograms, and what is to be said of it. */
import { ApiError, queryRange, type Answer, type QueryData } from "../api";
import { count } from "../format/value";
import { queryExemplars } from "../queryApi";
import { NO_EXEMPLARS, toMarks, type ExemplarMarks } from "./exemplars";
import type { HistogramSeries } from "./histograms";
import type { DisplayMode } from "./panel";
import { SERIES_DRAWN_MAX, toPlotData, type PlotData } from "./plotData";
import type { Window } from "./step";

export interface Graph {
  data: QueryData;
  plot: PlotData;
  /** The window that was asked for: it stays the axis, also where there is no data. */
  window: Window;
  /** Null where they were not asked for. */
  exemplars: ExemplarMarks | null;
  /** Why there are no exemplars although they were asked for. */
  exemplarError: string | null;
}

export async function loadGraph(
  query: string,
  window: Window,
  withExemplars: boolean,
  signal: AbortSignal,
): Promise<Answer<Graph>> {
  const times = { start: window.startMs / 1000, end: window.endMs / 1000 };
  const [answer, found] = await Promise.all([
    queryRange({ query, ...times, step: window.stepMs / 1000 }, signal),
    withExemplars ? loadExemplars({ query, ...times }, window, signal) : { exemplars: null, exemplarError: null },
  ]);
  return { ...answer, data: { data: answer.data, plot: toPlotData(answer.data, window), window, ...found } };
}

/** The graph is worth showing without them. */
async function loadExemplars(
  params: { query: string; start: number; end: number },
  window: Window,
  signal: AbortSignal,
): Promise<Pick<Graph, "exemplars" | "exemplarError">> {
  try {
    const { data } = await queryExemplars(params, signal);
    return { exemplars: toMarks(data, window), exemplarError: null };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { exemplars: NO_EXEMPLARS, exemplarError: error.message };
  }
}

/** How the answer is drawn: native histograms have no lines, and what is no histogram has no heatmap. */
export function shownAs(display: DisplayMode, plot: PlotData, histograms: readonly HistogramSeries[]): DisplayMode {
  const hasLines = plot.series.length > 0;
  if (display === "heatmap") return histograms.length === 0 && hasLines ? "lines" : "heatmap";
  return !hasLines && plot.histogramSeries > 0 ? "heatmap" : display;
}

/** What the page did with the answer, where that is not plain to see. Pure. */
export function ownNotes(graph: Graph, wanted: DisplayMode, shown: DisplayMode, histograms: number): string[] {
  const { plot, exemplars, exemplarError } = graph;
  const notes: string[] = [];
  if (shown !== "heatmap" && plot.cutSeries > 0) {
    notes.push(
      `Only the first ${SERIES_DRAWN_MAX} series are drawn; ${count(plot.cutSeries, "series is", "series are")} left out. ` +
        "Aggregate, or select fewer, e.g. with topk().",
    );
  }
  if (wanted === "heatmap" && shown !== "heatmap") {
    notes.push("This is drawn as lines: a heatmap needs native histograms, or buckets with their label le.");
  }
  if (wanted !== "heatmap" && shown === "heatmap") {
    notes.push("Native histograms have no lines: they are drawn as a heatmap. For lines use histogram_quantile().");
  }
  if (shown !== "heatmap" && plot.series.length > 0 && plot.histogramSeries > 0) {
    notes.push(`${count(plot.histogramSeries, "native histogram is", "native histograms are")} left out: the heatmap shows them.`);
  }
  if (shown === "heatmap" && histograms > 1) {
    notes.push(`${histograms} histograms are added up. Click one below the graph to see it alone.`);
  }
  if (exemplarError !== null) notes.push(`The exemplars cannot be shown: ${exemplarError}`);
  else if (exemplars && exemplars.cut > 0) {
    const { length } = exemplars.marks;
    notes.push(`${length} of ${length + exemplars.cut} exemplars are drawn, the largest and the smallest among them.`);
  } else if (exemplars && exemplars.marks.length === 0) {
    notes.push("There are no exemplars in this window. They come with histograms and counters of programs that trace.");
  }
  return notes;
}
