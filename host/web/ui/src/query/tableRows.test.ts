import { expect, it } from "vitest";
import { toTableRows } from "./tableRows";

it("shows values as the host printed them", () => {
  expect(toTableRows({ resultType: "vector", result: [{ metric: { a: "b" }, value: [1, "0.30000000000000004"] }] })).toEqual([
    { labels: { a: "b" }, kind: "vector", value: "0.30000000000000004" },
  ]);
  expect(toTableRows({ resultType: "scalar", result: [1, "42"] })).toEqual([{ labels: null, kind: "scalar", value: "42" }]);
});

it("lists the samples of a range, up to a bound", () => {
  const values = Array.from({ length: 120 }, (_, index): [number, string] => [index, "1"]);
  const [row] = toTableRows({ resultType: "matrix", result: [{ metric: {}, values }] });
  const lines = row?.value.split("\n") ?? [];
  expect(lines).toHaveLength(101);
  expect(lines[0]).toBe("1 @0");
  expect(lines.at(-1)).toBe("… and 20 more");
});

it("sums histograms up", () => {
  const [row] = toTableRows({
    resultType: "vector",
    result: [{ metric: {}, histogram: [1, { count: "3", sum: "1.5", buckets: [[0, "0", "1", "3"]] }] }],
  });
  expect(row?.value).toBe("count 3, sum 1.5, 1 buckets");
  expect(row?.histogram?.count).toBe("3");
});
