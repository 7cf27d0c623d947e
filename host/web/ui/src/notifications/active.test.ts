import { expect, it } from "vitest";
import { newestFirst, withNotification } from "./active";

const RELOAD = { text: "Reload failed.", date: "2026-01-01T00:00:00Z", active: true };
const START = { text: "Starting.", date: "2026-01-02T00:00:00Z", active: true };

it("adds, renews and removes by text", () => {
  const both = withNotification(withNotification([], RELOAD), START);
  expect(both).toEqual([START, RELOAD]);
  const renewed = { ...RELOAD, date: "2026-01-03T00:00:00Z" };
  expect(withNotification(both, renewed)).toEqual([renewed, START]);
  expect(withNotification(both, { ...START, active: false })).toEqual([RELOAD]);
});

it("leaves out what no longer holds", () => expect(newestFirst([RELOAD, { ...START, active: false }])).toEqual([RELOAD]));
