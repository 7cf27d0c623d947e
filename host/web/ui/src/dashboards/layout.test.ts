import { expect, it } from "vitest";
import { cutRepeats, placeSections } from "./layout";
import { readDashboard } from "./read/dashboard";
import type { VariableValue } from "./variables/scope";

const DISKS: VariableValue = { values: ["a", "b", "c"], texts: ["A", "B", "C"], isAll: true, isList: true, allValue: ".*" };
const place = (y: number) => ({ x: 0, y, w: 24, h: 4 });

it("repeats panels beside each other, and moves what is below", () => {
  const { sections } = readDashboard({
    panels: [
      { id: 1, type: "stat", gridPos: place(0), repeat: "disk", maxPerRow: 2 },
      { id: 2, type: "stat", gridPos: place(4) },
    ],
  });
  const [section] = placeSections(sections, new Map([["disk", DISKS]]));
  expect(section?.panels.map(({ key, panel: { place: at } }) => [key, at.x, at.y, at.w])).toEqual([
    ["1", 0, 0, 12],
    ["1-1", 12, 0, 12],
    ["1-2", 0, 4, 12],
    ["2", 0, 8, 24],
  ]);
  expect(section?.panels[1]?.scope.get("disk")).toMatchObject({ values: ["b"], texts: ["B"], isAll: false });
});

it("repeats rows with all that is in them", () => {
  const { sections } = readDashboard({
    panels: [{ id: 1, type: "row", title: "$disk", gridPos: place(0), repeat: "disk" }, { id: 2, type: "stat", gridPos: place(1) }],
  });
  const placed = placeSections(sections, new Map([["disk", DISKS]]));
  expect(placed.map((each) => [each.panels[0]?.key, each.scope.get("disk")?.values])).toEqual([
    ["2", ["a"]],
    ["2_1", ["b"]],
    ["2_2", ["c"]],
  ]);
});

it("tells all copies apart, also of repeated panels in repeated rows", () => {
  const { sections } = readDashboard({
    panels: [
      { id: 1, type: "row", title: "$disk", gridPos: place(0), repeat: "disk" },
      { id: 2, type: "stat", gridPos: place(1), repeat: "host" },
    ],
  });
  const hosts = { ...DISKS, values: ["x", "y"], texts: ["x", "y"] };
  const placed = placeSections(sections, new Map([["disk", DISKS], ["host", hosts]]));
  const keys = placed.flatMap((each) => [each.key, ...each.panels.map((panel) => panel.key)]);
  expect(keys).toHaveLength(9);
  expect(new Set(keys).size).toBe(9);
});

it("says which repetitions are not whole", () => {
  const { sections } = readDashboard({
    panels: [
      { id: 1, type: "row", title: "$disk", gridPos: place(0), repeat: "disk" },
      { id: 2, type: "stat", gridPos: place(1), repeat: "host" },
      { id: 3, type: "stat", gridPos: place(2), repeat: "host" },
    ],
  });
  const many = Array.from({ length: 312 }, (_, index) => `h${index}`);
  const scope = new Map([["disk", DISKS], ["host", { ...DISKS, values: many, texts: many }]]);
  expect(cutRepeats(sections, scope)).toEqual([{ variable: "host", shown: 60, all: 312 }]);
  expect(placeSections(sections, scope)[0]?.panels).toHaveLength(120);
});
