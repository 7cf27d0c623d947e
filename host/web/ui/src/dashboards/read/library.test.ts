import { expect, it } from "vitest";
import { finishImport, readImport } from "../imports";
import { readDashboard } from "./dashboard";

const MODEL = { id: 99, type: "stat", title: "Up everywhere", gridPos: { x: 0, y: 0, w: 1, h: 1 }, targets: [{ expr: "sum(up)", datasource: { uid: "${DS_PROM}" } }] };
const PLACED = { id: 3, gridPos: { x: 6, y: 0, w: 6, h: 4 }, libraryPanel: { uid: "lib-1", name: "Up" } };
const panels = (json: object) => readDashboard({ title: "T", ...json }).sections.flatMap((section) => section.panels);

it("says which panel is in the library of Grafana alone", () => {
  expect(panels({ panels: [PLACED] })).toMatchObject([{ key: "3", type: "", title: "Up", missingLibrary: "Up" }]);
  expect(panels({ panels: [{ id: 1, libraryPanel: {}, title: "Mine" }, { id: 2, type: "stat", libraryPanel: { uid: "x" } }] }).map((each) => each.missingLibrary)).toEqual(["Mine", null]);
});

it.each([
  ["by uid", { __elements: { "lib-1": { uid: "lib-1", kind: 1, model: MODEL } }, panels: [PLACED] }],
  ["in a list", { __elements: [{ uid: "lib-1", model: MODEL }], panels: [PLACED] }],
  ["in a closed row", { __elements: { "lib-1": { model: MODEL } }, panels: [{ type: "row", collapsed: true, panels: [PLACED] }] }],
  ["in the panel", { panels: [{ ...PLACED, libraryPanel: { uid: "lib-1", model: MODEL } }] }],
])("draws panels that an export brings along: %s", (_how, json) => {
  expect(panels(json)).toMatchObject([{ key: "3", type: "stat", title: "Up everywhere", place: { x: 6, w: 6, h: 4 }, missingLibrary: null, targets: [{ expr: "sum(up)" }] }]);
});

it("keeps them when the export is imported", () => {
  const file = { title: "T", __inputs: [{ name: "DS_PROM", type: "datasource" }], __elements: { "lib-1": { model: MODEL } }, panels: [PLACED, { id: 4, gridPos: { x: 12 }, libraryPanel: { uid: "gone", name: "Gone" } }] };
  const draft = readImport(JSON.stringify(file));
  expect(draft.unknownTypes).toEqual([["of Grafana's library", 1]]);
  const stored = finishImport(draft, { title: "T", uid: "t", values: new Map() });
  expect(stored).not.toHaveProperty("__elements");
  expect(panels(stored).map((each) => [each.type, each.missingLibrary])).toEqual([["stat", null], ["", "Gone"]]);
  expect(JSON.stringify(stored)).not.toContain("DS_PROM");
});
