import { describe, expect, it } from "vitest";
import { drawnOf } from "../data/drawn";
import { fieldsOf } from "../data/fields";
import type { Series } from "../data/series";
import { readPanel } from "../read/panel";
import { historyRows, sharesOf, spanAt, timelineRows } from "./states";

const CONTEXT = { zone: "utc", scheme: { isDark: false, text: "#000000", surface: "#ffffff" } } as const;
const RANGE = { fromMs: 0, toMs: 100 };
const UP_DOWN = [{ type: "value", options: { 0: { text: "Down", color: "#ff0000" }, 1: { text: "Up", color: "#00ff00" } } }];

function fields(samples: [number, number][], defaults: object = {}, json: object = {}, stepMs: number | null = 10) {
  const panel = readPanel({ type: "state-timeline", fieldConfig: { defaults, overrides: [] }, ...json }, "1", { x: 0, y: 0, w: 24, h: 8 });
  const series: Series = { refId: "A", name: "web", labels: { host: "a" }, times: samples.map(([at]) => at), values: samples.map(([, value]) => value), stepMs, isTable: false };
  return fieldsOf(panel, drawnOf(panel, [series]).series, new Map(), CONTEXT.scheme);
}

const spans = (samples: [number, number][], defaults: object, isMerged = true, stepMs: number | null = 10) =>
  timelineRows(fields(samples, defaults, {}, stepMs), RANGE, isMerged, CONTEXT)[0]?.spans.map(({ fromMs, toMs, text }) => [fromMs, toMs, text]);

describe("timelineRows", () => {
  it("makes one span of equal states, named and colored by mappings", () => {
    const [row] = timelineRows(fields([[0, 1], [10, 1], [20, 0], [30, 1]], { mappings: UP_DOWN }), RANGE, true, CONTEXT);
    expect(row?.spans.map(({ fromMs, toMs, text, color }) => [fromMs, toMs, text, color])).toEqual([[0, 20, "Up", "#00ff00"], [20, 30, "Down", "#ff0000"], [30, 40, "Up", "#00ff00"]]);
  });

  it("keeps each sample apart where values are not merged", () =>
    expect(spans([[0, 1], [10, 1]], { mappings: UP_DOWN }, false)).toEqual([[0, 10, "Up"], [10, 20, "Up"]]));

  it("ends a state a step after its last sample, and spans holes where it is told to", () => {
    expect(spans([[0, 1], [50, 1]], { mappings: UP_DOWN })).toEqual([[0, 10, "Up"], [50, 60, "Up"]]);
    expect(spans([[0, 1], [50, 1]], { mappings: UP_DOWN, custom: { spanNulls: true } })).toEqual([[0, 60, "Up"]]);
    expect(spans([[0, 1], [50, 1]], { mappings: UP_DOWN, custom: { spanNulls: 60 } })).toEqual([[0, 60, "Up"]]);
  });

  it("stays inside of the range", () => {
    expect(spans([[-30, 1], [-5, 1], [95, 0]], { mappings: UP_DOWN })).toEqual([[0, 5, "Up"], [95, 100, "Down"]]);
    expect(spans([[40, 1]], { mappings: UP_DOWN }, true, null)).toEqual([[40, 100, "Up"]]);
  });

  it("merges what has reached the same threshold, as Grafana names it", () => {
    const defaults = { unit: "percent", color: { mode: "thresholds" }, thresholds: { mode: "absolute", steps: [{ color: "#00ff00", value: null }, { color: "#ffff00", value: 50 }, { color: "#ff0000", value: 90 }] } };
    expect(spans([[0, 10], [10, 20], [20, 60], [30, 89], [40, 95]], defaults)).toEqual([[0, 20, "< 50%"], [20, 40, "50%+"], [40, 50, "90%+"]]);
    expect(spans([[0, 10], [10, 20]], defaults, false)).toEqual([[0, 10, "10%"], [10, 20, "20%"]]);
  });

  it("shows texts that transformations made", () => {
    const [, host] = timelineRows(fields([[0, 1], [10, 2]], {}, { transformations: [{ id: "labelsToFields" }] }), RANGE, true, CONTEXT);
    expect(host?.spans.map(({ fromMs, toMs, text }) => [fromMs, toMs, text])).toEqual([[0, 20, "a"]]);
  });
});

describe("historyRows", () => {
  it("marks each sample, as wide as a step", () => {
    const [row] = historyRows(fields([[20, 1], [30, 1], [60, 0]], { mappings: UP_DOWN }), RANGE, CONTEXT);
    expect(row?.spans.map(({ fromMs, toMs, text }) => [fromMs, toMs, text])).toEqual([[15, 25, "Up"], [25, 35, "Up"], [55, 65, "Down"]]);
  });
});

it("finds the state at a moment, and how long each was", () => {
  const rows = timelineRows(fields([[0, 1], [10, 1], [20, 0], [60, 1]], { mappings: UP_DOWN }), RANGE, true, CONTEXT);
  const at = (ms: number) => rows[0] && spanAt(rows[0], ms)?.text;
  expect([at(0), at(19), at(20), at(45), at(65)]).toEqual(["Up", "Up", "Down", undefined, "Up"]);
  expect(sharesOf(rows).map(({ text, totalMs }) => [text, totalMs])).toEqual([["Up", 30], ["Down", 10]]);
});
