import { expect, it } from "vitest";
import { bucketTexts, histogramBars } from "./histogramBars";

const VALUE = {
  count: "8",
  sum: "20",
  buckets: [
    [0, "1", "2", "4"],
    [0, "2", "4", "2"],
    [0, "16", "32", "2"],
  ] as [number, string, string, string][],
};

it("puts bars where their values are, and leaves room between them", () => {
  const bars = histogramBars(VALUE).map(({ left, width, height }) => [left, width, height].map((part) => Number(part.toFixed(3))));
  // 1 to 2, 2 to 4, two factors of two without values, 16 to 32.
  expect(bars).toEqual([
    [0, 0.2, 1],
    [0.2, 0.2, 0.5],
    [0.8, 0.2, 0.5],
  ]);
});

it("has no bars without buckets", () => expect(histogramBars({ count: "0", sum: "0" })).toEqual([]));

it("writes which bounds belong to a bucket", () => {
  const buckets = [0, 1, 2, 3].map((rule): [number, string, string, string] => [rule, "1", "+Inf", "5"]);
  expect(bucketTexts({ count: "5", sum: "1", buckets }).map(([range]) => range)).toEqual(["(1, +Inf]", "[1, +Inf)", "(1, +Inf)", "[1, +Inf]"]);
});
