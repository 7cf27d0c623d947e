import { describe, expect, it } from "vitest";
import type { QueryData } from "../api";
import { graphName, SERIES_DRAWN_MAX, stack, toDrawable, toPlotData } from "./plotData";

const WINDOW = { startMs: 1_000_500, endMs: 1_030_500, stepMs: 10_000 };

describe("toPlotData", () => {
  it("puts all series on one axis, with holes", () => {
    const data: QueryData = {
      resultType: "matrix",
      result: [
        { metric: { __name__: "a" }, values: [[1000.5, "1"], [1030.5, "4"]] },
        { metric: { __name__: "b" }, values: [[1010.5, "NaN"], [1020.5, "+Inf"]] },
      ],
    };
    expect(toPlotData(data, WINDOW)).toEqual({
      times: [1000.5, 1010.5, 1020.5, 1030.5],
      series: [
        { name: "a", labels: { __name__: "a" }, values: [1, null, null, 4] },
        { name: "b", labels: { __name__: "b" }, values: [null, Number.NaN, Number.POSITIVE_INFINITY, null] },
      ],
      cutSeries: 0,
      histogramSeries: 0,
    });
  });

  it("leaves samples outside of the window away", () => {
    const data: QueryData = { resultType: "matrix", result: [{ metric: {}, values: [[1, "1"], [9999, "1"]] }] };
    expect(toPlotData(data, WINDOW).series[0]?.values).toEqual([null, null, null, null]);
  });

  it("cuts what is too much, and says so", () => {
    const result = Array.from({ length: SERIES_DRAWN_MAX + 3 }, (_, index) => ({
      metric: { i: String(index) },
      values: [[1000.5, "1"] as [number, string]],
    }));
    const plot = toPlotData({ resultType: "matrix", result }, WINDOW);
    expect(plot.series).toHaveLength(SERIES_DRAWN_MAX);
    expect(plot.cutSeries).toBe(3);
  });

  it("counts native histograms, which it cannot draw", () => {
    const data: QueryData = {
      resultType: "matrix",
      result: [{ metric: {}, histograms: [[1000.5, { count: "1", sum: "1" }]] }],
    };
    expect(toPlotData(data, WINDOW)).toMatchObject({ series: [], histogramSeries: 1 });
  });
});

it("draws holes for what is no finite number", () =>
  expect(toDrawable([1, Number.NaN, Number.POSITIVE_INFINITY, null])).toEqual([1, null, null, null]));

describe("stack", () => {
  it("adds up what is visible and keeps holes", () => {
    const columns = [[1, 2, null], [10, 20, 30], [100, null, 300]];
    expect(stack(columns, () => true)).toEqual([[1, 2, null], [11, 22, 30], [111, null, 330]]);
    expect(stack(columns, (index) => index !== 1)).toEqual([[1, 2, null], [null, null, null], [101, null, 300]]);
  });
});

it("says what is drawn where it is not seen", () => {
  const window = { startMs: 0, endMs: 60_000, stepMs: 1_000 };
  expect(graphName(2, 2, window, "utc")).toBe("Graph of 2 series from 1970-01-01 00:00:00 to 1970-01-01 00:01:00");
  expect(graphName(1, 2, window, "utc")).toMatch(/^Graph of 1 of 2 series from/);
});
