/**
 * Panels to and from the page's address, in the names that Prometheus uses (g0.expr, g0.tab, ...), so
 * that links made for one open in the other. Unknown or broken values fall back to defaults. Pure.
 */
import { formatDuration, parseDuration } from "../format/duration";
import { formatTime, parseTime } from "../format/time";
import { EMPTY_PANEL, type Density, type DisplayMode, type PanelState, type Resolution, type Tab } from "./panel";

/** A longer address is not written by us; a hand-made one is cut here. */
export const PANELS_MAX = 50;

export function encodePanels(panels: readonly PanelState[]): string {
  const params = new URLSearchParams();
  panels.forEach((panel, index) => {
    const set = (name: string, value: string) => params.set(`g${index}.${name}`, value);
    set("expr", panel.expr);
    // In Prometheus the tree stands above its tab of explanations; `explain` alone is ours.
    set("tab", panel.tab === "tree" ? "explain" : panel.tab);
    if (panel.tab === "tree") set("show_tree", "1");
    if (panel.moment !== null) set("moment_input", formatTime(panel.moment, "utc"));
    if (panel.end !== null) set("end_input", formatTime(panel.end, "utc"));
    set("range_input", formatDuration(panel.rangeMs));
    if (panel.resolution.type === "fixed") {
      set("res_type", "fixed");
      set("res_step", String(panel.resolution.stepMs / 1000));
    } else {
      set("res_type", "auto");
      set("res_density", panel.resolution.density);
    }
    set("display_mode", panel.display);
    if (panel.axisMin !== null) set("y_axis_min", String(panel.axisMin));
    if (panel.showExemplars) set("show_exemplars", "1");
    // Our own, and written only where they say something: Prometheus does not know them.
    if (panel.explained === "range") set("explain", "range");
    if (panel.isAnalyzed) set("analyze", "1");
  });
  const text = params.toString();
  return text === "" ? "" : `?${text}`;
}

/** Reads g0, g1, ... up to the first gap. An empty address is one empty panel. */
export function decodePanels(search: string): PanelState[] {
  const params = new URLSearchParams(search);
  const panels: PanelState[] = [];
  for (let index = 0; index < PANELS_MAX; index += 1) {
    if (!params.has(`g${index}.expr`)) break;
    panels.push(decodePanel((name) => params.get(`g${index}.${name}`)));
  }
  return panels.length === 0 ? [EMPTY_PANEL] : panels;
}

function decodePanel(get: (name: string) => string | null): PanelState {
  const range = parseDuration(get("range_input") ?? "");
  return {
    expr: get("expr") ?? "",
    tab: decodeTab(get("tab"), get("show_tree")),
    moment: parseTime(get("moment_input") ?? "", "utc"),
    end: parseTime(get("end_input") ?? "", "utc"),
    rangeMs: range !== null && range > 0 ? range : EMPTY_PANEL.rangeMs,
    resolution: decodeResolution(get),
    display: decodeDisplay(get),
    axisMin: decodeNumber(get("y_axis_min")),
    showExemplars: get("show_exemplars") === "1",
    explained: get("explain") === "range" ? "range" : "instant",
    isAnalyzed: get("analyze") === "1",
  };
}

/** Older links say 0 for the graph and 1 for the table. */
function decodeTab(text: string | null, showTree: string | null): Tab {
  if (text === "explain") return showTree === "1" ? "tree" : "explain";
  return text === "graph" || text === "0" ? "graph" : "table";
}

function decodeNumber(text: string | null): number | null {
  const value = Number(text);
  return text === null || text.trim() === "" || !Number.isFinite(value) ? null : value;
}

function decodeDisplay(get: (name: string) => string | null): DisplayMode {
  const mode = get("display_mode");
  if (mode === "stacked" || mode === "heatmap") return mode;
  return get("stacked") === "1" ? "stacked" : "lines";
}

function decodeResolution(get: (name: string) => string | null): Resolution {
  const type = get("res_type");
  // Links of older versions name the step alone.
  const step = Number(get("res_step") ?? get("step_input") ?? "");
  const isFixed = type === "fixed" || type === "custom" || (type === null && step > 0);
  if (isFixed && Number.isFinite(step) && step > 0) return { type: "fixed", stepMs: Math.round(step * 1000) };
  const density = get("res_density");
  return { type: "auto", density: isDensity(density) ? density : "medium" };
}

function isDensity(text: string | null): text is Density {
  return text === "low" || text === "medium" || text === "high";
}
