import { expect, it } from "vitest";
import { cutText, cutTo } from "./cut";

it("says how much is left out", () => {
  const [shown, cut] = cutTo(Array.from({ length: 1_234 }, (_, index) => index), 500, "series");
  expect([shown.length, shown.at(-1)]).toEqual([500, 499]);
  expect(cutText(cut)).toBe("The first 500 of 1234 series are shown.");
});

it("says nothing where all is shown", () => {
  const [shown, cut] = cutTo([1, 2], 2, "series");
  expect([shown, cutText(cut)]).toEqual([[1, 2], null]);
});
