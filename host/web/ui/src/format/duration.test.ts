import { describe, expect, it } from "vitest";
import { formatDuration, humanizeSeconds, parseDuration } from "./duration";

describe("parseDuration", () => {
  it.each([
    ["15s", 15_000],
    ["1h30m", 5_400_000],
    ["250ms", 250],
    ["1d12h", 129_600_000],
    ["2w", 1_209_600_000],
    ["1y", 31_536_000_000],
    ["90", 90_000],
    ["0.5", 500],
    ["0s", 0],
  ])("reads %s", (text, ms) => expect(parseDuration(text)).toBe(ms));

  it.each(["", "x", "5 m", "30m1h", "1.5h", "-1m", "9999999999999y"])("refuses %j", (text) =>
    expect(parseDuration(text)).toBeNull(),
  );
});

describe("formatDuration", () => {
  it.each([
    [0, "0s"],
    [1, "1ms"],
    [90_000, "1m30s"],
    [3_600_000, "1h"],
    [7 * 86_400_000, "1w"],
    [8 * 86_400_000, "8d"],
    [365 * 86_400_000, "1y"],
    [-60_000, "-1m"],
  ])("writes %d as %s", (ms, text) => expect(formatDuration(ms)).toBe(text));

  it("is undone by parsing", () => {
    for (const ms of [1, 999, 61_001, 3_599_999, 86_400_001, 694_861_001, 31_622_400_000]) {
      expect(parseDuration(formatDuration(ms))).toBe(ms);
    }
  });
});

describe("humanizeSeconds", () => {
  it.each([
    [0, "0 s"],
    [0.0000042, "4.2 µs"],
    [0.00312, "3.12 ms"],
    [1.25, "1.25 s"],
    [59.7, "59.7 s"],
    [60, "1 min"],
    [125, "2 min 5 s"],
    [7_200, "2 h"],
    [90_061, "1 d 1 h"],
    [Number.NaN, "–"],
  ])("writes %d as %s", (seconds, text) => expect(humanizeSeconds(seconds)).toBe(text));
});
