import { describe, expect, it } from "vitest";
import { drawnOf } from "../data/drawn";
import { fieldsOf } from "../data/fields";
import type { Series } from "../data/series";
import { readPanel } from "../read/panel";
import { barAxis, barGroups, stackingOf } from "./bars";

const CONTEXT = { zone: "utc", scheme: { isDark: false, text: "#000000", surface: "#ffffff" } } as const;
const series = (refId: string, labels: Record<string, string>, samples: [number, number][], isTable = true): Series => ({
  refId, name: refId, labels, times: samples.map(([at]) => at), values: samples.map(([, value]) => value), stepMs: 1000, isTable,
});
const DISKS = [series("A", { disk: "sda" }, [[0, 30]]), series("A", { disk: "sdb" }, [[0, 10]]), series("B", { disk: "sda" }, [[0, 70]]), series("B", { disk: "sdb" }, [[0, -5]])];

function groupsOf(json: object, all: readonly Series[]) {
  const panel = readPanel({ type: "barchart", ...json }, "1", { x: 0, y: 0, w: 12, h: 8 });
  return barGroups(fieldsOf(panel, drawnOf(panel, all).series, new Map(), CONTEXT.scheme), panel.options, CONTEXT);
}
const bars = (json: object, all: readonly Series[] = DISKS) =>
  groupsOf({ transformations: [{ id: "merge" }], ...json }, all).groups.map(({ name, bars: each }) => [name, ...each.map(({ place, from, to }) => `${place}: ${from}..${to}`)]);

describe("barGroups", () => {
  it("makes a group of each row, named by the first field of texts", () =>
    expect(bars({})).toEqual([["sda", "0: 0..30", "1: 0..70"], ["sdb", "0: 0..10", "1: 0..-5"]]));

  it("stacks, also in shares", () => {
    expect(bars({ options: { stacking: "normal" } })).toEqual([["sda", "0: 0..30", "1: 30..100"], ["sdb", "0: 0..10", "1: 0..-5"]]);
    expect(bars({ options: { stacking: "percent" } })[0]).toEqual(["sda", "0: 0..0.3", "1: 0.3..1"]);
  });

  it("joins series by time, which names the groups then", () => {
    const all = [series("A", {}, [[0, 1], [60_000, 2]], false), series("B", {}, [[60_000, 3]], false)];
    expect(bars({ transformations: [] }, all)).toEqual([["00:00", "0: 0..1"], ["00:01", "0: 0..2", "1: 0..3"]]);
  });

  it("tells the day where there are several", () => {
    const all = [series("A", {}, [[30_000, 1], [86_400_000, 2]], false)];
    expect(bars({ transformations: [] }, all).map(([name]) => name)).toEqual(["1970-01-01 00:00:30", "1970-01-02 00:00:00"]);
  });

  it("takes the field that is told for names, and colors by another", () => {
    const json = {
      transformations: [{ id: "merge" }],
      options: { xField: "Value #A", colorByField: "Value #A" },
      fieldConfig: { defaults: { color: { mode: "thresholds" }, thresholds: { mode: "absolute", steps: [{ color: "#00ff00", value: null }, { color: "#ff0000", value: 20 }] } }, overrides: [] },
    };
    expect(groupsOf(json, DISKS).groups.map(({ name, bars: each }) => [name, ...each.map(({ color }) => color)])).toEqual([["30", "#ff0000"], ["10", "#00ff00"]]);
  });
});

describe("barAxis", () => {
  const axis = (json: object, ticksMax = 5) => {
    const groups = groupsOf({ transformations: [{ id: "merge" }], ...json }, DISKS);
    return barAxis(groups, stackingOf((json as { options?: { stacking?: string } }).options?.stacking), ticksMax, "utc");
  };
  it("has round ticks, and stands on zero", () => {
    expect(axis({}).ticks.map(({ text }) => text)).toEqual(["0", "20", "40", "60"]);
    expect(axis({ options: { stacking: "normal" } }).ticks.map(({ text }) => text)).toEqual(["0", "50", "100"]);
    expect(axis({ fieldConfig: { defaults: { unit: "bytes", min: 0, max: 64 }, overrides: [] } }, 4).ticks.map(({ text }) => text)).toEqual(["0 B", "16 B", "32 B", "48 B", "64 B"]);
  });
});
