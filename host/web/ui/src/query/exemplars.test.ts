import { describe, expect, it } from "vitest";
import { MARKS_MAX, nearestMark, toMarks } from "./exemplars";

const WINDOW = { startMs: 1_000_000, endMs: 2_000_000, stepMs: 1_000 };

function exemplar(timestamp: number, value: string) {
  return { labels: { trace_id: value }, value, timestamp };
}

describe("toMarks", () => {
  it("orders by time, and leaves out what cannot be shown", () => {
    const data = [
      { seriesLabels: { job: "a" }, exemplars: [exemplar(1500.5, "2"), exemplar(999, "1"), exemplar(1200, "NaN")] },
      { seriesLabels: { job: "b" }, exemplars: [exemplar(1100, "3")] },
    ];
    expect(toMarks(data, WINDOW)).toEqual({
      marks: [
        { atMs: 1_100_000, value: 3, labels: { trace_id: "3" }, series: { job: "b" } },
        { atMs: 1_500_500, value: 2, labels: { trace_id: "2" }, series: { job: "a" } },
      ],
      cut: 0,
    });
  });

  it("takes null for none", () => expect(toMarks(null, WINDOW).marks).toEqual([]));

  it("keeps the extremes of each part where there are too many", () => {
    const exemplars = Array.from({ length: 4_000 }, (_, index) => exemplar(1000 + index / 4, String(index % 40)));
    const { marks, cut } = toMarks([{ seriesLabels: {}, exemplars }], WINDOW);
    expect(marks.length).toBeLessThanOrEqual(MARKS_MAX);
    expect(marks.length + cut).toBe(4_000);
    expect(marks.filter((mark) => mark.value === 0)).toHaveLength(100);
    expect(marks.filter((mark) => mark.value === 39)).toHaveLength(100);
  });
});

it("finds the nearest mark in reach", () => {
  const places = [{ left: 0, top: 0 }, { left: 10, top: 0 }];
  expect(nearestMark(places, { left: 6, top: 3 }, 8)).toBe(1);
  expect(nearestMark(places, { left: 30, top: 0 }, 8)).toBeNull();
});
