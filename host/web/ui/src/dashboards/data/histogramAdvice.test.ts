import { expect, it } from "vitest";
import type { TargetAnswer } from "./ask";
import { adviceText, histogramAdvice } from "./histogramAdvice";

const HISTOGRAM = { count: "1", sum: "2", buckets: [] };

function answer(expr: string, result: object[], stepMs = 15_000, resultType = "matrix"): TargetAnswer {
  const query = { refId: "A", expr, legend: "", isInstant: false, format: "time_series" as const, stepMs, startMs: 0, endMs: 60_000 };
  return { query, data: { resultType, result } as unknown as TargetAnswer["data"] };
}

const expr = (text: string, stepMs?: number) => histogramAdvice([answer(text, [{ metric: {}, histograms: [[1, HISTOGRAM]] }], stepMs)])[0]?.expr;

it("asks for a quantile, of what came since", () => {
  expect(expr("http_seconds")).toBe("histogram_quantile(0.95, rate(http_seconds[1m]))");
  expect(expr(' http_seconds{job="a"} ', 60_000)).toBe('histogram_quantile(0.95, rate(http_seconds{job="a"}[4m]))');
  expect(expr("sum by (job) (rate(http_seconds[5m]))")).toBe("histogram_quantile(0.95, sum by (job) (rate(http_seconds[5m])))");
});

it("counts the histograms of each target, and says nothing of numbers", () => {
  const instant = answer("h", [{ metric: {}, histogram: [1, HISTOGRAM] }, { metric: {}, value: [1, "2"] }], 15_000, "vector");
  expect(histogramAdvice([answer("up", [{ metric: {}, values: [[1, "1"]] }]), instant]).map(({ amount }) => amount)).toEqual([1]);
  expect(adviceText({ refId: "B", amount: 2, expr: "x" })).toBe("B: 2 series are native histograms, which only heatmaps draw. Ask for a number of them, such as x");
});
