import { describe, expect, it } from "vitest";
import { EMPTY_PANEL, type PanelState } from "./panel";
import { decodePanels, encodePanels, PANELS_MAX } from "./urlState";

const GRAPH: PanelState = {
  expr: 'sum by (job) (rate(x{a="b+c&d"}[5m]))\n# ünïcode',
  tab: "graph",
  moment: Date.UTC(2026, 0, 1, 12),
  end: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
  rangeMs: 5_400_000,
  resolution: { type: "fixed", stepMs: 1500 },
  display: "stacked",
  axisMin: 0,
  showExemplars: true,
  explained: "range",
  isAnalyzed: true,
};

describe("panels in the address", () => {
  it("come back as they went in", () => {
    const explain: PanelState = { ...EMPTY_PANEL, tab: "explain" };
    const fine: PanelState = { ...GRAPH, resolution: { type: "auto", density: "high" } };
    const heatmap: PanelState = { ...GRAPH, display: "heatmap", showExemplars: false };
    const tree: PanelState = { ...EMPTY_PANEL, tab: "tree" };
    const panels = [EMPTY_PANEL, GRAPH, explain, tree, fine, heatmap];
    expect(decodePanels(encodePanels(panels))).toEqual(panels);
  });

  it("use Prometheus' names", () => {
    const params = new URLSearchParams(encodePanels([GRAPH]));
    expect(params.get("g0.tab")).toBe("graph");
    expect(params.get("g0.range_input")).toBe("1h30m");
    expect(params.get("g0.end_input")).toBe("2026-01-02 03:04:05.678");
    expect(params.get("g0.res_type")).toBe("fixed");
    expect(params.get("g0.res_step")).toBe("1.5");
    expect(params.get("g0.display_mode")).toBe("stacked");
    expect(params.get("g0.y_axis_min")).toBe("0");
    expect(params.get("g0.show_exemplars")).toBe("1");
  });

  it("are one empty panel without an address", () => expect(decodePanels("")).toEqual([EMPTY_PANEL]));

  it("take links of the older UI", () => {
    const [panel] = decodePanels("?g0.expr=up&g0.tab=0&g0.stacked=1&g0.range_input=2h&g0.step_input=30");
    expect(panel).toMatchObject({
      expr: "up",
      tab: "graph",
      display: "stacked",
      rangeMs: 7_200_000,
      resolution: { type: "fixed", stepMs: 30_000 },
    });
  });

  it("fall back where a value is broken", () => {
    const [panel] = decodePanels(
      "?g0.expr=up&g0.tab=7&g0.range_input=-1h&g0.end_input=tomorrow&g0.res_type=fixed&g0.res_step=0&g0.display_mode=pie&g0.y_axis_min=low",
    );
    expect(panel).toEqual({ ...EMPTY_PANEL, expr: "up" });
  });

  it("end at the first gap and at the bound", () => {
    expect(decodePanels("?g0.expr=a&g2.expr=c")).toHaveLength(1);
    const many = Array.from({ length: PANELS_MAX + 5 }, (_, index) => `g${index}.expr=x`).join("&");
    expect(decodePanels(`?${many}`)).toHaveLength(PANELS_MAX);
  });
});
