import { describe, expect, it } from "vitest";
import type { Field } from "../data/fields";
import { readFieldConfig } from "../read/field";
import { joinFormatted } from "../values/units";
import { readingsOf } from "./readings";

const DISPLAY = { zone: "utc", scheme: { isDark: false, text: "#000000", surface: "#ffffff" } } as const;
const field = (name: string, values: (number | null)[], config: object = {}): Field => ({
  key: name, name, color: "#000000", index: 0, bounds: { min: 0, max: 1 }, config: readFieldConfig(config as never),
  series: { refId: "A", name, labels: {}, times: values.map((_value, index) => index), values, stepMs: 1, isTable: false },
});
const read = (fields: Field[], reduceOptions: object = {}) => {
  const [readings, cut] = readingsOf({ reduceOptions }, fields, DISPLAY);
  return { texts: readings.map((each) => `${each.title}=${joinFormatted(each.shown)}`), cut };
};

describe("readingsOf", () => {
  it("shows that there is no value", () => {
    expect(read([field("a", [null]), field("b", []), field("c", [2])]).texts).toEqual(["a=–", "b=–", "c=2"]);
    expect(read([field("a", [null], { noValue: "off" })]).texts).toEqual(["a=off"]);
  });

  it("tells how many are left out", () => {
    const many = Array.from({ length: 140 }, (_, index) => field(`f${index}`, [index]));
    expect(read(many).cut).toEqual({ shown: 100, all: 140, what: "values" });
    expect(read([field("a", Array.from({ length: 300 }, () => 1))], { values: true }).cut).toMatchObject({ shown: 100, all: 300 });
  });

  it("takes a limit of the dashboard for what is wanted", () =>
    expect(read([field("a", [1, 2, 3])], { values: true, limit: 2 })).toEqual({ texts: ["a=1", "a=2"], cut: { shown: 2, all: 2, what: "values" } }));

  it("shows several figures of one field", () =>
    expect(read([field("a", [1, 3])], { calcs: ["min", "max"] }).texts).toEqual(["Min=1", "Max=3"]));
});
