/** What one panel of the query page is asked to show. Everything here is in the page's address. */

export type Tab = "table" | "graph";
export type DisplayMode = "lines" | "stacked";
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
};
