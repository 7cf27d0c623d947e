import { describe, expect, it } from "vitest";
import type { QueryData, RangeSeries } from "../api";
import { toHistograms } from "./histograms";

const WINDOW = { startMs: 1_000_000, endMs: 1_010_000, stepMs: 10_000 };

function matrix(...result: RangeSeries[]): QueryData {
  return { resultType: "matrix", result };
}

function bucket(le: string, job: string, ...values: [number, string][]): RangeSeries {
  return { metric: { job, le }, values };
}

describe("toHistograms", () => {
  it("takes classic buckets apart, by labels without le", () => {
    const data = matrix(
      bucket("+Inf", "a", [1000, "10"], [1010, "20"]),
      bucket("0.5", "a", [1000, "4"], [1010, "4"]),
      bucket("1", "a", [1000, "9"]),
      bucket("1", "b", [1010, "7"]),
    );
    const [a, b] = toHistograms(data, WINDOW);
    expect([a?.name, a?.kind, b?.name]).toEqual(['{job="a"}', "classic", '{job="b"}']);
    expect(a?.columns).toEqual([
      [
        { low: Number.NEGATIVE_INFINITY, high: 0.5, count: 4 },
        { low: 0.5, high: 1, count: 5 },
        { low: 1, high: Number.POSITIVE_INFINITY, count: 1 },
      ],
      [
        { low: Number.NEGATIVE_INFINITY, high: 0.5, count: 4 },
        { low: 0.5, high: Number.POSITIVE_INFINITY, count: 16 },
      ],
    ]);
    expect(b?.columns[0]).toBeNull();
  });

  it("takes a bound that has less than the one before for an empty bucket", () => {
    const data = matrix(bucket("1", "a", [1000, "5"]), bucket("2", "a", [1000, "4.9"]), bucket("3", "a", [1000, "6"]));
    expect(toHistograms(data, WINDOW)[0]?.columns[0]?.map((each) => each.count)).toEqual([5, 0, 1]);
  });

  it("reads native buckets as they are, in order", () => {
    const histogram = {
      count: "3",
      sum: "1",
      buckets: [
        [0, "1", "2", "2"],
        [1, "-2", "-1", "0.5"],
        [3, "-0.001", "0.001", "0.5"],
      ] as [number, string, string, string][],
    };
    const [series] = toHistograms(matrix({ metric: { __name__: "h" }, histograms: [[1010, histogram]] }), WINDOW);
    expect(series).toMatchObject({ name: "h", kind: "native" });
    expect(series?.columns).toEqual([
      null,
      [
        { low: -2, high: -1, count: 0.5 },
        { low: -0.001, high: 0.001, count: 0.5 },
        { low: 1, high: 2, count: 2 },
      ],
    ]);
  });

  it("finds none in plain series", () =>
    expect(toHistograms(matrix({ metric: { job: "a" }, values: [[1000, "1"]] }), WINDOW)).toEqual([]));
});
