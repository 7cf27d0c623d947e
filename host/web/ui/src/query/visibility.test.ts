import { expect, it } from "vitest";
import { among, isolate, toggle } from "./visibility";

const NAMES = ["a", "b", "c"];

it("isolates, and brings all back", () => {
  const alone = isolate(null, "b");
  expect(alone).toEqual(new Set(["b"]));
  expect(isolate(alone, "b")).toBeNull();
  expect(isolate(alone, "c")).toEqual(new Set(["c"]));
});

it("toggles one", () => {
  const without = toggle(null, NAMES, "b");
  expect(without).toEqual(new Set(["a", "c"]));
  expect(toggle(without, NAMES, "b")).toBeNull();
  expect(toggle(new Set(["a"]), NAMES, "a")).toBeNull();
});

it("counts names that are gone for nothing when one is toggled", () => {
  expect(toggle(new Set(["a", "b", "gone"]), NAMES, "c")).toBeNull();
  expect(toggle(new Set(["a", "gone"]), NAMES, "a")).toBeNull();
});

it("shows all where none of the visible is left, and those that are where one is", () => {
  const visible = new Set(["b", "gone"]);
  expect(among(visible, NAMES)).toBe(visible);
  expect(among(new Set(["gone"]), NAMES)).toBeNull();
  expect(among(visible, [])).toBeNull();
});
