import { expect, it } from "vitest";
import { isolate, toggle } from "./visibility";

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
