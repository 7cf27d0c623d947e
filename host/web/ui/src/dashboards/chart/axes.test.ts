import { describe, expect, it } from "vitest";
import type { Field } from "../data/fields";
import { readFieldConfig } from "../read/field";
import { axesOf, tickTexts, valueRange, type ValueAxis } from "./axes";

const field = (json: object): Field => ({
  key: "k", name: "n", color: "#000000", index: 0, bounds: { min: 0, max: 1 }, config: readFieldConfig(json as never),
  series: { refId: "A", name: "n", labels: {}, times: [], values: [], stepMs: 1, isTable: false },
});

it("gives each unit an axis, the second at the right", () => {
  const { axes, scales } = axesOf([field({ unit: "bytes" }), field({ unit: "percent" }), field({ unit: "bytes" })]);
  expect(scales).toEqual(["y0", "y1", "y0"]);
  expect(axes.map((axis) => axis.isRight)).toEqual([false, true]);
});

describe("tickTexts", () => {
  it.each([
    [[0, 1024, 2048], "bytes", null, ["0 B", "1 KiB", "2 KiB"]],
    [[1_000_000, 1_000_500, 1_001_000], "short", null, ["1.0000 Mil", "1.0005 Mil", "1.0010 Mil"]],
    [[0, 2500, 5000], "short", null, ["0.0", "2.5 K", "5.0 K"]],
    [[0, 100, 200], "s", null, ["0 s", "1.67 mins", "3.33 mins"]],
    [[0, 1], "bool_yes_no", null, ["No", "Yes"]],
    [[0, 0.25, 0.5], "percentunit", 1, ["0.0%", "25.0%", "50.0%"]],
  ])("%j in %s", (ticks, unit, decimals, texts) => expect(tickTexts(ticks, { unit, decimals }, "utc")).toEqual(texts));
});

describe("valueRange", () => {
  const axis = axesOf([field({})]).axes[0] as ValueAxis;
  it.each([
    ["nothing", null, null, axis, [0, 1.06]],
    ["one value", 5, 5, axis, [2.5, 7.5]],
    ["zero", 0, 0, axis, [0, 1]],
    ["near zero", 1, 3, axis, [0, 3.12]],
    ["far from zero", 1000, 1001, axis, [999.94, 1001.06]],
    ["a stack", 1000, 1001, { ...axis, hasGround: true }, [0, 1061.06]],
    ["bounds", 20, 30, { ...axis, min: 0, max: 100 }, [0, 100]],
    ["a middle", -1, 3, { ...axis, isCentered: true }, [-3.36, 3.36]],
    ["yes", 1, 1, { ...axis, unit: "bool" }, [0, 1.06]],
    ["powers", 3, 500, { ...axis, logBase: 10 }, [1, 1000]],
  ])("of %s", (_name, low, high, on, expected) => {
    const range = valueRange(low, high, on);
    expect(range.map((value) => Number(value.toFixed(6)))).toEqual(expected);
  });
});
