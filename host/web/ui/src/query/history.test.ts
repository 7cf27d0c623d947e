import { expect, it } from "vitest";
import { ENTRIES_MAX, remember } from "./history";

it("keeps the newest first, each once", () => expect(remember(["b", "a"], " a ")).toEqual(["a", "b"]));

it("keeps nothing empty and nothing huge", () => {
  expect(remember(["a"], "  ")).toEqual(["a"]);
  expect(remember(["a"], "x".repeat(5_000))).toEqual(["a"]);
});

it("is bounded", () => {
  let history: string[] = [];
  for (let index = 0; index < ENTRIES_MAX + 10; index += 1) history = remember(history, `q${index}`);
  expect(history).toHaveLength(ENTRIES_MAX);
  expect(history[0]).toBe(`q${ENTRIES_MAX + 9}`);
});
