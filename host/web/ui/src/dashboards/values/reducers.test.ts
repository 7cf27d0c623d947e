import { describe, expect, it } from "vitest";
import { parseValue } from "../../format/value";
import { reducerOf } from "./reducers";
import vectors from "./vectors.json";

const toNumber = (value: unknown) => (value === null ? null : typeof value === "string" ? parseValue(value) : Number(value));

describe("reducerOf", () => {
  it.each(vectors.reducers)("reduces $values as Grafana does", ({ values, results }) => {
    const numbers = values.map(toNumber);
    for (const [id, expected] of Object.entries(results)) {
      // Grafana tells nothing, zero or its own largest number of nothing at all; for us that is nothing.
      if (numbers.every((value) => value === null)) continue;
      // It also tells its largest number where nothing is above zero, and NaN where one value is.
      if (id === "logmin" && expected === Number.MAX_VALUE) continue;
      if (numbers.some(Number.isNaN) && ["variance", "stdDev", "median", "p50", "p95"].includes(id)) continue;
      const ours = reducerOf(id).reduce(numbers);
      const theirs = toNumber(expected);
      if (theirs === null || ours === null) expect([id, ours]).toEqual([id, theirs]);
      else if (Number.isNaN(theirs)) expect(ours, id).toBeNaN();
      else expect(ours, id).toBeCloseTo(theirs, 9);
    }
  });

  it("has nothing to tell of nothing", () => {
    for (const id of ["lastNotNull", "mean", "min", "max", "range", "median", "logmin"]) {
      expect(reducerOf(id).reduce([null, null])).toBeNull();
    }
  });
});
