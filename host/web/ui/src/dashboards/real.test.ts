/**
 * Dashboards as people have them. They are not ours to keep: NARTHEX_CONFORMANCE names the folder in which
 * `dashboards/` lies, by default `shared/conformance` beside the repository.
 */
import { describe, expect, it } from "vitest";
import { configFor } from "./data/fields";
import { queriesOf } from "./data/queries";
import { readImport } from "./imports";
import { placeSections } from "./layout";
import { readDashboard } from "./read/dashboard";
import { joinFormatted, unitFormatter } from "./values/units";
import { resolveVariables } from "./variables/resolve";

const FILES = import.meta.glob("@conformance/dashboards/*.json", { import: "default" });
const RANGE = { fromMs: 1_700_000_000_000, toMs: 1_700_003_600_000 };
const DRAWN = ["timeseries", "stat", "gauge", "bargauge", "table", "heatmap", "piechart", "text"];

async function load(name: string): Promise<unknown> {
  const [, read] = Object.entries(FILES).find(([path]) => path.endsWith(`/${name}`)) ?? [];
  return read?.();
}

async function open(name: string) {
  const dashboard = readDashboard(await load(name));
  const { scope, list } = await resolveVariables(dashboard.variables, new Map(), RANGE, () => Promise.resolve(["one", "two"]));
  const sections = placeSections(dashboard.sections, scope);
  const panels = sections.flatMap((section) => section.panels);
  const queries = panels.flatMap(({ panel, scope: own }) => queriesOf(panel, { range: RANGE, zone: "utc", scope: own, widthPixels: 600, scrapeMs: 15_000 }));
  return { dashboard, list, panels, queries };
}

if (Object.keys(FILES).length === 0) {
  it.skip("finds no dashboards: NARTHEX_CONFORMANCE names no folder with them", () => undefined);
} else {
  describe.each(Object.keys(FILES).map((path) => path.split("/").at(-1) ?? path))("%s", (name) => {
    it("is read whole: every panel is of a type that is drawn, and no variable is left in a query", async () => {
      const { panels, queries } = await open(name);
      expect(panels.length).toBeGreaterThan(0);
      expect(panels.filter(({ panel }) => !DRAWN.includes(panel.type)).map(({ panel }) => panel.type)).toEqual([]);
      expect(queries.map((query) => query.expr).filter((expr) => /\$[A-Za-z_]|\$\{|\[\[[A-Za-z_]/.test(expr))).toEqual([]);
    });

    it("has settings that are understood", async () => {
      const { panels } = await open(name);
      for (const { panel } of panels) {
        const config = configFor(panel, { name: "one", refId: "A", type: "number", values: [1] });
        expect(joinFormatted(unitFormatter(config.unit)(1234.5, config.decimals))).not.toBe("");
        expect(panel.foreignSource).toBeNull();
      }
    });

    it("can be imported", async () => {
      const draft = readImport(JSON.stringify(await load(name)));
      expect(draft.unknownTypes).toEqual([]);
      expect(draft.inputs).toEqual([]);
    });
  });

  it("Node Exporter Full has its rows, panels and chained variables", async () => {
    const { dashboard, list, panels, queries } = await open("node-exporter-full.json");
    // Of 286 targets eleven are hidden.
    expect([dashboard.sections.length, panels.length, queries.length]).toEqual([16, 125, 275]);
    expect(list.map((each) => [each.variable.name, each.value.values])).toEqual([
      ["ds_prometheus", ["prometheus"]],
      ["job", ["one"]],
      ["nodename", ["one"]],
      ["node", ["one"]],
    ]);
    expect(queries.filter((query) => query.isInstant)).toHaveLength(14);
  });
}
