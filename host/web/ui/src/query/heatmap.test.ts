import { describe, expect, it } from "vitest";
import { heightOf, intensity, labeledBounds, rowAt, ROWS_MAX, toHeatmap } from "./heatmap";
import type { Bucket, HistogramSeries } from "./histograms";

const INF = Number.POSITIVE_INFINITY;

function series(kind: HistogramSeries["kind"], ...columns: ([low: number, high: number, count: number][] | null)[]): HistogramSeries {
  const toBucket = ([low, high, count]: [number, number, number]): Bucket => ({ low, high, count });
  return { name: "h", labels: {}, kind, columns: columns.map((column) => column?.map(toBucket) ?? null) };
}

const all = () => true;

describe("toHeatmap", () => {
  it("gives classic buckets rows of the same height", () => {
    const heatmap = toHeatmap([series("classic", [[-INF, 0.1, 2], [0.1, 5, 4], [5, INF, 0]], null)], all);
    expect(heatmap).toEqual({
      rows: { bounds: [-INF, 0.1, 5, INF], edges: [0, 1, 2, 3] },
      columns: [[2, 4, 0], null],
      most: 4,
    });
  });

  it("adds up what is visible, on rows of all", () => {
    const both = [series("classic", [[-INF, 1, 1]]), series("classic", [[-INF, 1, 2], [1, INF, 3]])];
    expect(toHeatmap(both, all).columns).toEqual([[3, 3]]);
    expect(toHeatmap(both, (index) => index === 0).columns).toEqual([[1, 0]]);
    expect(toHeatmap(both, () => false).columns).toEqual([null]);
  });

  it("shares a wide bucket out among the rows of narrow ones", () => {
    const fine = series("native", [[1, 2, 3], [2, 4, 5]], [[1, 4, 8]]);
    const { rows, columns } = toHeatmap([fine], all);
    expect(rows).toEqual({ bounds: [1, 2, 4], edges: [0, 1, 2] });
    expect(columns).toEqual([[3, 5], [4, 4]]);
  });

  it("keeps empty room between native buckets, within reason", () => {
    const { rows } = toHeatmap([series("native", [[1, 2, 1], [2, 4, 1], [32, 64, 1], [64, 128, 1]])], all);
    expect(rows.edges.map((edge) => Math.round(edge))).toEqual([0, 1, 2, 5, 6, 7]);
    const far = toHeatmap([series("native", [[1e-9, 2e-9, 1], [1, 2, 1], [2, 4, 1]])], all);
    expect(far.rows.edges.map((edge) => Math.round(edge))).toEqual([0, 1, 9, 10, 11]);
  });

  it("takes bounds that were printed apart for the same", () =>
    expect(toHeatmap([series("native", [[1, 2, 1], [2.0000000000000004, 4, 1]])], all).rows.bounds).toEqual([1, 2, 4]));

  it("puts rows together where there are too many, and loses nothing", () => {
    const many = Array.from({ length: 1000 }, (_, index): [number, number, number] => [1.01 ** index, 1.01 ** (index + 1), 1]);
    const { rows, columns } = toHeatmap([series("native", many)], all);
    expect(rows.bounds.length - 1).toBeLessThanOrEqual(ROWS_MAX);
    expect(columns[0]?.reduce((a, b) => a + b, 0)).toBeCloseTo(1000);
  });

  it("is empty without series", () =>
    expect(toHeatmap([], all)).toEqual({ rows: { bounds: [], edges: [] }, columns: [], most: 0 }));
});

describe("heights", () => {
  const rows = { bounds: [-INF, 1, 4, INF], edges: [0, 1, 2, 3] };

  it("are by factor within a row, and in the middle next to infinity", () => {
    expect([-5, 1, 2, 4, 1e9].map((value) => heightOf(rows, value))).toEqual([0.5, 1, 1.5, 2, 2.5]);
    expect(heightOf(rows, INF)).toBe(3);
  });

  it("find their row", () => expect([-1, 0, 0.9, 1, 2.9, 3, 9].map((height) => rowAt(rows, height))).toEqual([0, 0, 0, 1, 2, 2, 2]));
});

it("writes as many bounds as have room", () =>
  expect(labeledBounds({ bounds: [1, 2, 3, 4, 5], edges: [0, 1, 2, 3, 4] }, 1.5)).toEqual([0, 2, 4]));

it("shows the small beside the large", () => {
  expect(intensity(25, 100)).toBe(0.5);
  expect([intensity(0, 100), intensity(-1, 100), intensity(1, 0)]).toEqual([0, 0, 0]);
});
