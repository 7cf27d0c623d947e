import { describe, expect, it } from "vitest";
import { configFor } from "../data/fields";
import { readDashboard, unwrap } from "./dashboard";

const place = (x: number, y: number, w = 12, h = 8) => ({ x, y, w, h });

describe("readDashboard", () => {
  it("parts panels at rows, and counts places from the top of each", () => {
    const { sections } = readDashboard({
      panels: [
        { id: 4, type: "stat", gridPos: place(12, 9) },
        { id: 1, type: "stat", gridPos: place(0, 0) },
        { id: 2, type: "row", title: "Disks", gridPos: place(0, 8, 24, 1) },
        { id: 3, type: "stat", gridPos: place(0, 9) },
        { id: 5, type: "row", title: "Closed", collapsed: true, gridPos: place(0, 17, 24, 1), panels: [{ id: 6, type: "text", gridPos: place(0, 40) }] },
      ],
    });
    expect(sections.map(({ title, isCollapsed, panels }) => [title, isCollapsed, panels.map((each) => [each.key, each.place.y])])).toEqual([
      [null, false, [["1", 0]]],
      ["Disks", false, [["3", 0], ["4", 0]]],
      ["Closed", true, [["6", 0]]],
    ]);
  });

  it("flows old rows on twelve columns", () => {
    const { sections } = readDashboard({
      rows: [
        { title: "CPU", collapse: false, showTitle: true, height: "250px", panels: [{ id: 1, type: "graph", span: 8 }, { id: 2, type: "graph", span: 4 }, { id: 3, type: "graph", span: 12 }] },
      ],
    });
    expect(sections[0]?.title).toBe("CPU");
    expect(sections[0]?.panels.map((each) => each.place)).toEqual([place(0, 0, 16, 7), place(16, 0, 8, 7), place(0, 7, 24, 7)]);
  });

  it("gives each panel a key of its own", () => {
    const { sections } = readDashboard({ panels: [{ id: 1, type: "stat" }, { id: 1, type: "stat" }, { type: "stat" }] });
    const keys = sections[0]?.panels.map((each) => each.key) ?? [];
    expect(new Set(keys).size).toBe(3);
  });

  it("does not trip over what others wrote", () => {
    const { sections, title } = readDashboard({ panels: [null, 7, { type: 5, gridPos: "wide", targets: [null, { expr: 7 }], fieldConfig: [], options: "x" }], title: 9 });
    expect(title).toBe("Dashboard without a title");
    expect(sections[0]?.panels).toHaveLength(1);
  });
});

describe("unwrap", () => {
  it("finds the dashboard in what is around it", () => {
    expect(unwrap({ meta: {}, dashboard: { panels: [], title: "in" } })).toMatchObject({ title: "in" });
    expect(unwrap({ kind: "Dashboard", spec: { panels: [], title: "spec" } })).toMatchObject({ title: "spec" });
  });

  it.each([
    [[], "an object is expected"],
    [{ a: 1 }, "neither panels nor rows"],
    [{ apiVersion: "dashboard.grafana.app/v2beta1", spec: { elements: {} } }, "neither panels nor rows"],
  ])("says what %j is not", (json, words) => expect(() => unwrap(json)).toThrow(words));
});

describe("panels that became others", () => {
  const first = (panel: object) => readDashboard({ panels: [panel] }).sections[0]?.panels[0];

  it("reads graphs", () => {
    const panel = first({
      type: "graph", stack: true, percentage: true, fill: 3, linewidth: 2, steppedLine: true, nullPointMode: "connected",
      yaxes: [{ format: "bytes", min: "0", logBase: 2 }, { format: "percent", max: 100 }],
      aliasColors: { used: "#bf1b00" },
      seriesOverrides: [{ alias: "/rx/", transform: "negative-Y", yaxis: 2 }, { alias: "total", stack: false, fill: 0, dashes: true }],
      thresholds: [{ value: 80, op: "gt", colorMode: "critical", fill: true, line: true }],
      legend: { show: true, values: true, alignAsTable: true, rightSide: true, avg: true, current: true },
      tooltip: { shared: true, sort: 2 },
      targets: [{ expr: "up" }],
    });
    if (!panel) throw new Error("no panel");
    const config = (name: string) => configFor(panel, { name, refId: "A", type: "number", values: [] });
    expect(panel.type).toBe("timeseries");
    expect(config("x")).toMatchObject({ unit: "bytes", min: 0 });
    expect(config("x").graph).toMatchObject({ stacking: "percent", fillOpacity: 30, lineWidth: 2, interpolation: "stepAfter", spanNulls: true, logBase: 2, thresholdsStyle: "line+area" });
    expect(config("eth0 rx")).toMatchObject({ unit: "percent", max: 100, graph: { isNegative: true, axisPlacement: "right", logBase: null } });
    expect(config("total").graph).toMatchObject({ stacking: "none", fillOpacity: 0, dash: [10, 10] });
    expect(config("used")).toMatchObject({ colorMode: "fixed", fixedColor: "#bf1b00" });
    expect(config("x").thresholds.steps.map((step) => step.color)).toEqual(["transparent", "red"]);
    expect(panel.options).toMatchObject({ legend: { displayMode: "table", placement: "right", calcs: ["mean", "lastNotNull"] }, tooltip: { mode: "multi", sort: "desc" } });
  });

  it("reads singlestats, also those with a gauge", () => {
    const json = { type: "singlestat", format: "percent", valueName: "current", thresholds: "80,90", colors: ["green", "orange", "red"], colorValue: true, sparkline: { show: true }, valueMaps: [{ op: "=", value: "null", text: "N/A" }] };
    const panel = first(json);
    expect(panel).toMatchObject({ type: "stat", options: { colorMode: "value", graphMode: "area", reduceOptions: { calcs: ["lastNotNull"] } } });
    expect(panel?.defaults).toMatchObject({ unit: "percent", thresholds: { steps: [{ color: "green" }, { value: 80 }, { value: 90, color: "red" }] } });
    expect(first({ ...json, gauge: { show: true, minValue: 0, maxValue: 200 } })).toMatchObject({ type: "gauge", defaults: { max: 200 } });
  });

  it("reads pies", () => {
    expect(first({ type: "grafana-piechart-panel", pieType: "donut", format: "short", valueName: "avg" })).toMatchObject({
      type: "piechart",
      options: { pieType: "donut", reduceOptions: { calcs: ["mean"] } },
    });
  });

  it("reads heatmaps of buckets, and of values that have none", () => {
    expect(first({ type: "heatmap", dataFormat: "tsbuckets" })?.options).toEqual({ calculate: false });
    expect(first({ type: "heatmap", dataFormat: "timeseries" })?.options).toEqual({ calculate: true });
    expect(first({ type: "heatmap", options: { calculate: true } })?.options).toEqual({ calculate: true });
  });

  it("reads column styles of old tables", () => {
    const panel = first({
      type: "table", styles: [{ pattern: "Time", type: "hidden" }, { pattern: "Value", type: "number", unit: "s", alias: "Ago", decimals: 1, colorMode: "cell", thresholds: ["10", "20"], colors: ["g", "y", "r"] }],
    });
    if (!panel) throw new Error("no panel");
    const config = (name: string) => configFor(panel, { name, refId: "A", type: "number", values: [] });
    expect(config("Time").cell.isHidden).toBe(true);
    expect(config("Value")).toMatchObject({ unit: "s", displayName: "Ago", decimals: 1, cell: { type: "color-background-solid" } });
  });
});
