import { expect, it } from "vitest";
import type { Field } from "../data/fields";
import { readFieldConfig } from "../read/field";
import { sortFields } from "./legendOrder";

const field = (name: string, values: (number | null)[]): Field => ({
  key: name, name, color: "#000000", index: 0, bounds: { min: 0, max: 1 }, config: readFieldConfig({}),
  series: { refId: "A", name, labels: {}, times: values.map((_value, index) => index), values, stepMs: 1, isTable: false },
});

it("puts what has no figure last, whatever the order", () => {
  const fields = [
    field("nan", [Number.NaN]), field("2", [2]), field("none", []), field("inf", [Number.POSITIVE_INFINITY]),
    field("1", [1]), field("null", [null]), field("-inf", [Number.NEGATIVE_INFINITY]), field("3", [3]),
  ];
  const names = (isAscending: boolean) => sortFields(fields, { calc: "last", isAscending }).map((each) => each.name);
  expect(names(true)).toEqual(["-inf", "1", "2", "3", "inf", "nan", "none", "null"]);
  expect(names(false)).toEqual(["inf", "3", "2", "1", "-inf", "nan", "none", "null"]);
  expect(sortFields(fields, null)).toBe(fields);
});
