import { describe, expect, it } from "vitest";
import { count, formatAxisValue, formatBytes, formatShare, formatValue, parseValue } from "./value";

describe("parseValue", () => {
  it("reads what the API prints for numbers that JSON has not", () => {
    expect(parseValue("+Inf")).toBe(Number.POSITIVE_INFINITY);
    expect(parseValue("-Inf")).toBe(Number.NEGATIVE_INFINITY);
    expect(parseValue("NaN")).toBeNaN();
    expect(parseValue("")).toBeNaN();
    expect(parseValue("1.5e-7")).toBe(1.5e-7);
  });
});

describe("formatAxisValue", () => {
  it.each([
    [0, 1, "0"],
    [0.25, 0.05, "0.25"],
    [0.5, 0.1, "0.5"],
    [1.75, 0.25, "1.75"],
    [0.025, 0.025, "0.025"],
    [1500, 500, "1.5k"],
    [2_000_000, 1_000_000, "2M"],
    [1_000_050_000, 10_000, "1.00005G"],
    [-3000, 1000, "-3k"],
    [0.00002, 0.00001, "2e-5"],
    [100, 20, "100"],
  ])("writes %d at distance %d as %s", (value, increment, text) =>
    expect(formatAxisValue(value, increment)).toBe(text),
  );

  it("tells neighbors apart", () => {
    const ticks = [1_000_000_000, 1_000_001_000, 1_000_002_000].map((tick) => formatAxisValue(tick, 1000));
    expect(new Set(ticks).size).toBe(3);
  });
});

describe("formatValue", () => {
  it.each([
    [0, "0"],
    [1, "1"],
    [0.1 + 0.2, "0.3"],
    [1234, "1234"],
    [1234567, "1\u202f234\u202f567"],
    [1234567.891, "1\u202f234\u202f567.89"],
    [0.00001234, "1.234e-5"],
    [Number.NaN, "NaN"],
    [Number.NEGATIVE_INFINITY, "-Inf"],
    [-12.5, "-12.5"],
  ])("writes %d as %s", (value, text) => expect(formatValue(value)).toBe(text));
});

describe("formatBytes", () => {
  it.each([
    [0, "0 B"],
    [1023, "1023 B"],
    [64 * 1024 * 1024, "64 MiB"],
    [1536, "1.5 KiB"],
  ])("writes %d as %s", (bytes, text) => expect(formatBytes(bytes)).toBe(text));
});

describe("count", () => {
  it("chooses the noun", () => {
    expect(count(1, "target", "targets")).toBe("1 target");
    expect(count(0, "target", "targets")).toBe("0 targets");
    expect(count(12_000, "target", "targets")).toBe("12\u202f000 targets");
  });
});

it("writes shares with two digits", () =>
  expect([0, 0.0004, 0.1234, 0.5, 1, 1.5].map(formatShare)).toEqual(["0 %", "<0.1 %", "12 %", "50 %", "100 %", "150 %"]));
