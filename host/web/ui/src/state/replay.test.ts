import { expect, it } from "vitest";
import { replayView } from "./replay";

it("tells how far a replay is", () => {
  const view = replayView({ min: 2, max: 7, current: 5, state: "in progress", percent: 63 });
  expect(view).toEqual({
    percent: 63,
    text: "Older samples are still being read: 63 %, segment 5 of 7. New ones are there already.",
    hasFailed: false,
  });
});

it("knows no segment before the first is read", () => {
  const view = replayView({ min: 2, max: 7, current: 2, state: "waiting", percent: 0 });
  expect(view?.text).toBe("Older samples are still being read: 0 %. New ones are there already.");
});

it("is silent when all is there, also for hosts that know no state", () => {
  expect(replayView({ min: 2, max: 7, current: 7, state: "done", percent: 100 })).toBeNull();
  expect(replayView({ min: 0, max: 0, current: 0 })).toBeNull();
});

it("says that a replay failed", () =>
  expect(replayView({ min: 2, max: 7, current: 5, state: "failed", percent: 63 })).toMatchObject({ hasFailed: true }));
