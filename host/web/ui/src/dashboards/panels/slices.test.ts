import { expect, it } from "vitest";
import { slicesOf } from "./slices";

it("parts a whole, and gives nothing to what is nothing", () => {
  expect(slicesOf([1, null, -5, 2, Number.NaN, 1])).toEqual([
    { start: 0, share: 0.25 },
    { start: 0.25, share: 0 },
    { start: 0.25, share: 0 },
    { start: 0.25, share: 0.5 },
    { start: 0.75, share: 0 },
    { start: 0.75, share: 0.25 },
  ]);
  expect(slicesOf([0, null])).toEqual([{ start: 0, share: 0 }, { start: 0, share: 0 }]);
});
