import { describe, expect, it } from "vitest";
import type { Field } from "../data/fields";
import { readFieldConfig } from "../read/field";
import { lonelyPoints, samplePoints, toColumns, valueAt } from "./columns";

const field = (samples: [number, number | null][], custom: object = {}, stepMs = 10): Field => ({
  key: "k", name: "n", color: "#000000", index: 0, bounds: { min: 0, max: 1 }, config: readFieldConfig({ custom }),
  series: { refId: "A", name: "n", labels: {}, times: samples.map(([time]) => time), values: samples.map(([, value]) => value), stepMs, isTable: false },
});
const all = () => true;

describe("toColumns", () => {
  it("joins series of different steps, and goes on over samples of others", () => {
    const { times, values } = toColumns([field([[0, 1], [10, 2], [20, 3]]), field([[0, 5], [20, 6]], {}, 20)], all);
    expect(times).toEqual([0, 0.01, 0.02]);
    expect(values).toEqual([[1, 2, 3], [5, undefined, 6]]);
    expect(valueAt(values[1] ?? [], 1)).toBe(5);
  });

  it("shows holes, also where all have one", () => {
    expect(toColumns([field([[0, 1], [40, 2]])], all)).toMatchObject({ times: [0, 0.01, 0.04], values: [[1, null, 2]] });
    expect(toColumns([field([[0, 1], [40, 2]], { spanNulls: true })], all).values).toEqual([[1, 2]]);
    expect(toColumns([field([[0, 1], [40, 2]], { spanNulls: 50 })], all).values).toEqual([[1, 2]]);
    expect(toColumns([field([[0, Number.NaN], [10, 2]])], all).values).toEqual([[null, 2]]);
  });

  it("stacks what is visible, in groups, negative ones downwards", () => {
    const custom = { stacking: { mode: "normal", group: "A" } };
    const fields = [
      field([[0, 1], [10, null]], custom),
      field([[0, 9], [10, 9]], custom),
      field([[0, 2], [10, 3]], custom),
      field([[0, 4], [10, 4]], { ...custom, transform: "negative-Y" }),
      field([[0, 7], [10, 7]]),
    ];
    const { drawn, below } = toColumns(fields, (index) => index !== 1);
    expect(drawn).toEqual([[1, null], [null, null], [3, 3], [-4, -4], [7, 7]]);
    expect(below).toEqual([null, null, 0, null, null]);
  });

  it("shows the last sample of a series until its next one is overdue", () => {
    const fine = field(Array.from({ length: 14 }, (_, index) => [index * 10, 1]));
    const { values } = toColumns([fine, field([[0, 5], [60, 6]], {}, 60)], all);
    const shown = Array.from({ length: 14 }, (_, at) => valueAt(values[1] ?? [], at));
    expect(shown).toEqual([5, 5, 5, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 6]);
    const ended = toColumns([fine, field([[0, 5], [20, 6]], {}, 20)], all).values[1] ?? [];
    expect(Array.from({ length: 8 }, (_, at) => valueAt(ended, at))).toEqual([5, 5, 6, 6, 6, 6, null, null]);
    const goesOn = toColumns([fine, field([[0, 5], [20, 6]], { spanNulls: true }, 20)], all).values[1] ?? [];
    expect(valueAt(goesOn, 9)).toBeNull();
  });

  it("stacks lines of different steps on the way between their samples", () => {
    const custom = { stacking: { mode: "normal", group: "A" } };
    const coarse: [number, number | null][] = [[0, 10], [20, 30], [40, null]];
    const fine: [number, number][] = [[0, 1], [10, 2], [20, 3], [30, 4], [40, 5]];
    const { values, drawn } = toColumns([field(coarse, custom, 20), field(fine, custom)], all);
    expect(drawn).toEqual([[10, 20, 30, 30, null], [11, 22, 33, 34, 5]]);
    const open = coarse.slice(0, 2);
    expect(toColumns([field(open, custom, 20), field(fine, custom)], all).drawn[1]).toEqual([11, 22, 33, 34, 35]);
    // What is told of a sample is what was answered.
    expect(values[0]).toEqual([10, undefined, 30, undefined, null]);
    expect(toColumns([field(fine, custom), field(coarse, custom, 20)], all).drawn[1]).toEqual([11, 22, 33, 34, null]);
    const bars = { ...custom, drawStyle: "bars" };
    expect(toColumns([field(coarse, bars, 20), field(fine, bars)], all).drawn[1]).toEqual([11, 2, 33, 4, 5]);
  });

  it("draws shares of the whole", () => {
    const custom = { stacking: { mode: "percent", group: "A" } };
    expect(toColumns([field([[0, 1], [10, 0]], custom), field([[0, 3], [10, 0]], custom)], all).drawn).toEqual([[0.25, 0], [1, 0]]);
  });
});

it("finds lonely samples", () => expect(lonelyPoints([1, null, 2, undefined, 3, null, null, 4])).toEqual([0, 7]));

it("finds samples, and nothing in between", () => expect(samplePoints([1, null, undefined, 0, undefined])).toEqual([0, 3]));
