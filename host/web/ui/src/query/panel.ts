/** What one panel of the query page is asked to show. Everything here is in the page's address. */

export type Tab = "table" | "graph" | "tree" | "explain";
export type DisplayMode = "lines" | "stacked" | "heatmap";
/** Which of the panel's two queries is explained: that of the table, or that of the graph. */
export type ExplainedTimes = "instant" | "range";
export type Density = "low" | "medium" | "high";

/** How the step of a graph is chosen: by the width of the window, or by the user. */
export type Resolution = { type: "auto"; density: Density } | { type: "fixed"; stepMs: number };

export interface PanelState {
  expr: string;
  tab: Tab;
  /** The evaluation time of the table; null is now. */
  moment: number | null;
  /** The right edge of the graph; null is now. */
  end: number | null;
  rangeMs: number;
  resolution: Resolution;
  display: DisplayMode;
  /** A value that the axis reaches down to in any case; null is as far as there are values. */
  axisMin: number | null;
  /** Whether exemplars are drawn over the graph. */
  showExemplars: boolean;
  explained: ExplainedTimes;
  /** Whether the explained query is run as well, and its operators measured. */
  isAnalyzed: boolean;
}

export const DEFAULT_RANGE_MS = 3_600_000;

export const EMPTY_PANEL: PanelState = {
  expr: "",
  tab: "table",
  moment: null,
  end: null,
  rangeMs: DEFAULT_RANGE_MS,
  resolution: { type: "auto", density: "medium" },
  display: "lines",
  axisMin: null,
  showExemplars: false,
  explained: "instant",
  isAnalyzed: false,
};
