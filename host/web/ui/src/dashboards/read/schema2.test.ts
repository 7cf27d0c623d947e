import { describe, expect, it } from "vitest";
import { finishImport, readImport } from "../imports";
import { readDashboard } from "./dashboard";

const panel = (id: number, json: object = {}) => ({
  kind: "Panel",
  spec: {
    id, title: `Panel ${id}`, description: "d", links: [{ title: "l", url: "/d/x" }],
    data: {
      kind: "QueryGroup",
      spec: {
        queries: [
          { kind: "PanelQuery", spec: { refId: "A", hidden: false, query: { kind: "DataQuery", group: "prometheus", version: "v0", datasource: { name: "p" }, spec: { expr: "up", legendFormat: "{{job}}", instant: true } } } },
          { kind: "PanelQuery", spec: { refId: "B", hidden: true, query: { kind: "DataQuery", group: "prometheus", version: "v0", spec: { expr: "down" } } } },
        ],
        transformations: [{ kind: "Transformation", group: "organize", spec: { options: { excludeByName: { Time: true } } } }, { kind: "limit", spec: { id: "limit", disabled: true, options: {} } }],
        queryOptions: { interval: "30s", maxDataPoints: 50, timeFrom: "1h" },
      },
    },
    vizConfig: { kind: "VizConfig", group: "stat", version: "12", spec: { options: { graphMode: "none" }, fieldConfig: { defaults: { unit: "bytes" }, overrides: [] } } },
    ...json,
  },
});
const element = (name: string) => ({ kind: "ElementReference", name });
const gridItem = (name: string, x: number, y: number, more: object = {}) => ({ kind: "GridLayoutItem", spec: { x, y, width: 12, height: 8, element: element(name), ...more } });
const autoItem = (name: string, more: object = {}) => ({ kind: "AutoGridLayoutItem", spec: { element: element(name), ...more } });
const grid = (...items: object[]) => ({ kind: "GridLayout", spec: { items } });
const row = (title: string, layout: object, more: object = {}) => ({ kind: "RowsLayoutRow", spec: { title, layout, ...more } });
const rows = (...all: object[]) => ({ kind: "RowsLayout", spec: { rows: all } });
const tab = (title: string, layout: object, more: object = {}) => ({ kind: "TabsLayoutTab", spec: { title, layout, ...more } });

const ELEMENTS = { a: panel(1), b: panel(2), c: panel(3), lib: { kind: "LibraryPanel", spec: { id: 4, title: "Shared", libraryPanel: { name: "Shared", uid: "u" } } } };
const resource = (layout: object, spec: object = {}) => ({
  apiVersion: "dashboard.grafana.app/v2", kind: "Dashboard", metadata: { name: "disks" },
  spec: { title: "Disks", tags: ["io"], elements: ELEMENTS, layout, variables: [], annotations: [], links: [], timeSettings: { from: "now-1h", to: "now", autoRefresh: "30s" }, cursorSync: "Crosshair", ...spec },
});
const outline = (layout: object) =>
  readDashboard(resource(layout)).sections.map(({ title, isCollapsed, repeat, panels }) => [
    `${title}${isCollapsed ? " closed" : ""}${repeat === null ? "" : ` for ${repeat}`}`,
    ...panels.map(({ key, place: { x, y, w, h } }) => `${key} at ${x},${y} ${w}x${h}`),
  ]);

describe("a dashboard of schema v2", () => {
  it("has its settings, and panels with queries, fields and transformations", () => {
    const read = readDashboard(resource(grid(gridItem("a", 12, 3))));
    expect(read).toMatchObject({ uid: "disks", title: "Disks", tags: ["io"], from: "now-1h", to: "now", refresh: "30s", isCrosshairShared: true, notices: [] });
    expect(read.sections[0]?.panels[0]).toMatchObject({
      key: "1", type: "stat", title: "Panel 1", description: "d", links: [{ title: "l" }], minInterval: "30s", pointsMax: 50, timeFrom: "1h", foreignSource: null,
      targets: [{ refId: "A", expr: "up", legendFormat: "{{job}}", isInstant: true }],
      transformations: [{ id: "organize", options: { excludeByName: { Time: true } } }],
      defaults: { unit: "bytes" }, options: { graphMode: "none" },
    });
  });

  it("reads drafts of the schema, where kinds are what groups are now", () => {
    const draft = panel(1, {
      vizConfig: { kind: "gauge", spec: { pluginVersion: "11", options: {}, fieldConfig: { defaults: {}, overrides: [] } } },
      data: { kind: "QueryGroup", spec: { queries: [{ kind: "PanelQuery", spec: { refId: "A", datasource: { type: "loki", uid: "l" }, query: { kind: "loki", spec: { expr: "x" } } } }] } },
    });
    const read = readDashboard(resource(grid(gridItem("a", 0, 0)), { elements: { a: draft } }));
    expect(read.sections[0]?.panels[0]).toMatchObject({ type: "gauge", foreignSource: "loki" });
  });

  it("places panels of a grid, with copies, and rows among them", () => {
    expect(outline(grid(gridItem("a", 0, 0), gridItem("b", 12, 0), { kind: "GridLayoutRow", spec: { y: 8, title: "More", collapsed: true, elements: [gridItem("c", 0, 0)] } }))).toEqual([
      ["null", "1 at 0,0 12x8", "2 at 12,0 12x8"],
      ["More closed", "3 at 0,0 12x8"],
    ]);
    const repeated = readDashboard(resource(grid(gridItem("a", 0, 0, { repeat: { mode: "variable", value: "host", direction: "v", maxPerRow: 2 } }))));
    expect(repeated.sections[0]?.panels[0]?.repeat).toEqual({ variable: "host", isVertical: true, perLine: 2 });
  });

  it("makes rows of rows and tabs, also of those in others", () => {
    const layout = {
      kind: "TabsLayout",
      spec: { tabs: [
        tab("Now", rows(row("", grid(gridItem("a", 0, 0)), { hideHeader: true }), row("Rest", grid(gridItem("b", 0, 4)), { collapse: true, repeat: { mode: "variable", value: "job" } }))),
        tab("Then", grid(gridItem("c", 0, 0))),
      ] },
    };
    expect(outline(layout)).toEqual([
      ["Now", "1 at 0,0 12x8"],
      ["Now / Rest closed for job", "2 at 0,0 12x8"],
      ["Then", "3 at 0,0 12x8"],
    ]);
  });

  it("lays out panels that say no place", () => {
    const auto = (spec: object) => ({ kind: "AutoGridLayout", spec: { items: [autoItem("a"), autoItem("b"), autoItem("c")], ...spec } });
    expect(outline(auto({ maxColumnCount: 2, columnWidthMode: "standard", rowHeightMode: "short" }))).toEqual([["null", "1 at 0,0 12x4", "2 at 12,0 12x4", "3 at 0,4 12x4"]]);
    expect(outline(auto({ maxColumnCount: 5, columnWidthMode: "custom", columnWidth: 200, rowHeightMode: "custom", rowHeight: 380 }))).toEqual([["null", "1 at 0,0 8x10", "2 at 8,0 8x10", "3 at 16,0 8x10"]]);
    const repeated = auto({ items: [autoItem("a"), autoItem("b", { repeat: { mode: "variable", value: "host" } }), autoItem("c")] });
    expect(outline(repeated)).toEqual([["null", "1 at 0,0 8x8", "2 at 0,8 8x8", "3 at 0,16 8x8"]]);
  });

  it("has variables of all kinds, also those of rows", () => {
    const variable = (kind: string, spec: object) => ({ kind, spec: { hide: "dontHide", ...spec } });
    const read = readDashboard(resource(rows(row("R", grid(), { variables: [variable("TextVariable", { name: "find", query: "x", current: { value: "y" } })] })), {
      variables: [
        variable("QueryVariable", { name: "job", label: "Job", query: { kind: "DataQuery", group: "prometheus", spec: { query: "label_values(up, job)", refId: "v" } }, refresh: "onTimeRangeChanged", sort: "numericalDesc", multi: true, includeAll: true, allValue: ".+", current: { text: ["a"], value: ["a"] }, hide: "hideVariable" }),
        variable("QueryVariable", { name: "old", query: { kind: "DataQuery", group: "prometheus", spec: { __legacyStringValue: "metrics(x)" } }, sort: "disabled" }),
        variable("IntervalVariable", { name: "step", query: "1m,5m", auto: true, auto_min: "10s", auto_count: 20, current: { value: "1m" } }),
        variable("SwitchVariable", { name: "on", enabledValue: "1", disabledValue: "0", current: "0" }),
        variable("DatasourceVariable", { name: "ds", pluginId: "prometheus", current: { value: "p" } }),
        { kind: "AdhocVariable", group: "prometheus", spec: { name: "by", filters: [{ key: "a", operator: "=", value: "b" }] } },
        variable("GroupByVariable", { name: "group" }),
      ],
    }));
    expect(read.variables.map(({ name, kind, query }) => [name, kind, query])).toEqual([
      ["job", "query", "label_values(up, job)"], ["old", "query", "metrics(x)"], ["step", "interval", "1m,5m"], ["on", "custom", "1,0"], ["ds", "datasource", "prometheus"], ["by", "adhoc", ""], ["group", "unknown", ""], ["find", "textbox", "x"],
    ]);
    expect(read.variables[0]).toMatchObject({ label: "Job", isHidden: true, isMulti: true, hasAll: true, allValue: ".+", sort: 4, refreshesWithTime: true, current: ["a"] });
    expect(read.variables[2]?.auto).toEqual({ count: 20, min: "10s" });
    expect(read.variables[3]?.current).toEqual(["0"]);
    expect(read.variables[5]?.filters).toHaveLength(1);
  });

  it("has annotations, and names those of others", () => {
    const query = (group: string, spec: object) => ({ kind: "DataQuery", group, spec });
    const annotations = [
      { kind: "AnnotationQuery", spec: { name: "Built in", builtIn: true, enable: true, query: query("grafana", {}) } },
      { kind: "AnnotationQuery", spec: { name: "Starts", enable: true, hide: false, iconColor: "blue", query: query("prometheus", { expr: "changes(up[1m])" }), legacyOptions: { titleFormat: "{{job}}" }, filter: { ids: [1] } } },
      { kind: "AnnotationQuery", spec: { name: "Lines", enable: true, query: query("loki", { expr: "x" }) } },
    ];
    const read = readDashboard(resource(grid(), { annotations }));
    expect(read.annotations).toMatchObject([{ name: "Starts", expr: "changes(up[1m])", title: "{{job}}", color: "blue", isOn: true, panels: { keys: ["1"], isExclusion: false } }]);
    expect(read.notices).toEqual(['Annotations "Lines" ask loki, which is not this host.']);
  });

  it("says that conditions are not followed", () => {
    const layout = rows(row("R", grid(gridItem("a", 0, 0)), { conditionalRendering: { kind: "ConditionalRenderingGroup", spec: {} } }));
    expect(readDashboard(resource(layout)).notices).toEqual(["Some of its panels or rows have conditions of their own; here they are always shown."]);
  });

  it("is found without what is around it, and trips over nothing", () => {
    expect(readDashboard(resource(grid()).spec).title).toBe("Disks");
    expect(readDashboard({ dashboard: resource(grid()), meta: {} }).uid).toBe("disks");
    const odd = { elements: { a: null, b: { kind: "Panel" } }, layout: rows(row("R", grid(gridItem("gone", 0, 0), gridItem("b", 0, 0), { kind: 7 })), { spec: null }) };
    expect(readDashboard({ spec: odd }).sections).toMatchObject([{ title: "R", panels: [{ type: "" }] }]);
  });

  it("is imported as classic JSON", () => {
    const draft = readImport(JSON.stringify(resource(grid(gridItem("a", 0, 0), gridItem("lib", 12, 0)))));
    expect([draft.title, draft.uid, draft.panels]).toEqual(["Disks", "disks", 2]);
    const stored = finishImport(draft, { title: "Mine", uid: "mine", values: new Map() });
    expect(readDashboard(stored)).toMatchObject({ title: "Mine", uid: "mine", sections: [{ panels: [{ key: "1", type: "stat" }, { key: "4" }] }] });
    const dotted = { ...resource(grid()), metadata: { name: "v1.disks" } };
    expect(readImport(JSON.stringify(dotted)).uid).toBe("disks");
  });
});

it("reads classic dashboards that come as resources", () => {
  const json = { apiVersion: "dashboard.grafana.app/v1beta1", metadata: { name: "old" }, spec: { title: "Old", panels: [] } };
  expect(readDashboard(json)).toMatchObject({ uid: "old", title: "Old" });
});
