/**
 * Dashboards as people have them. They are not ours to keep: NARTHEX_CONFORMANCE names the folder in which
 * `dashboards/` lies, by default `shared/conformance` beside the repository.
 */
import { describe, expect, it } from "vitest";
import { queriesOf } from "./data/queries";
import { transform } from "./data/transform";
import { readImport } from "./imports";
import { list, record, strings, withPath, type Json } from "./json";
import { placeSections } from "./layout";
import { isDrawn, type Panel } from "./model";
import { readDashboard } from "./read/dashboard";
import { readFieldConfig } from "./read/field";
import { colorOf, parseColor } from "./values/colors";
import { isReducer } from "./values/reducers";
import vectors from "./values/vectors.json";
import { resolveVariables } from "./variables/resolve";

const FILES = import.meta.glob("@conformance/dashboards/*.json", { import: "default" });
const RANGE = { fromMs: 1_700_000_000_000, toMs: 1_700_003_600_000 };

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

const UNITS = new Set(vectors.units.map(([unit]) => unit));
const COLOR_MODES = /^(|fixed|shades|thresholds|palette-classic(-by-name)?|continuous-[A-Za-z]+)$/;
const SCHEME = { isDark: false, text: "#000000", surface: "#ffffff" };
const MATCHERS = ["byName", "byRegexp", "byNames", "byType", "numeric", "byFrameRefID", "byValue", "anyOf", "allOf"];

/** What a panel says and nobody here knows; each would be drawn as something else, or not at all. */
function notUnderstood(panel: Panel): string[] {
  const jsons = [panel.defaults, ...panel.overrides.map((each) => each.properties.reduce((json, { path, value }) => withPath(json, path, value), {}))];
  const { transformations, options } = panel;
  const calcs = [record(options["reduceOptions"])["calcs"], record(options["legend"])["calcs"]].flatMap(strings);
  return [
    ...jsons.flatMap(unreadSettings),
    ...panel.overrides.map((each) => each.matcher).filter((each) => !MATCHERS.includes(each)),
    ...calcs.filter((each) => !isReducer(each)),
    ...transform([], transformations).unknown,
  ];
}

function unreadSettings(json: Json): string[] {
  const { unit, colorMode, fixedColor, thresholds, mappings } = readFieldConfig(json);
  const colors = [fixedColor, ...thresholds.steps.map((step) => step.color)].filter((color) => color !== "transparent");
  return [
    ...(unit === "" || UNITS.has(unit) ? [] : [`unit ${unit}`]),
    ...(COLOR_MODES.test(colorMode) ? [] : [`color mode ${colorMode}`]),
    ...colors.filter((color) => parseColor(colorOf(color, SCHEME)) === null).map((color) => `color ${color}`),
    ...(mappings.length === list(json["mappings"]).length ? [] : ["a mapping"]),
  ];
}

if (Object.keys(FILES).length === 0) {
  it.skip("finds no dashboards: NARTHEX_CONFORMANCE names no folder with them", () => undefined);
} else {
  describe.each(Object.keys(FILES).map((path) => path.split("/").at(-1) ?? path))("%s", (name) => {
    it("is read whole: every panel is of a type that is drawn, and no variable is left in a query", async () => {
      const { panels, queries } = await open(name);
      expect(panels.length).toBeGreaterThan(0);
      expect(panels.filter(({ panel }) => !isDrawn(panel.type)).map(({ panel }) => panel.type)).toEqual([]);
      expect(queries.map((query) => query.expr).filter((expr) => /\$[A-Za-z_]|\$\{|\[\[[A-Za-z_]/.test(expr))).toEqual([]);
    });

    it("has settings that are understood", async () => {
      const { panels } = await open(name);
      for (const { panel } of panels) {
        expect({ panel: panel.title, notUnderstood: notUnderstood(panel) }).toEqual({ panel: panel.title, notUnderstood: [] });
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
