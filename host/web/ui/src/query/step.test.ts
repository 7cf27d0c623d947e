import { describe, expect, it } from "vitest";
import { neighborRange, POINTS_MAX, smallestStep, stepFor, windowOf } from "./step";

const HOUR = 3_600_000;

describe("stepFor", () => {
  it("spreads the points of a density over the range", () => {
    expect(stepFor(HOUR, { type: "auto", density: "low" })).toBe(36_000);
    expect(stepFor(HOUR, { type: "auto", density: "medium" })).toBe(14_000);
    expect(stepFor(HOUR, { type: "auto", density: "high" })).toBe(4_000);
  });

  it("has a floor for short ranges", () => {
    expect(stepFor(10_000, { type: "auto", density: "medium" })).toBe(1_000);
    expect(stepFor(10_000, { type: "auto", density: "high" })).toBe(250);
  });

  it("takes a fixed step as it is", () => expect(stepFor(HOUR, { type: "fixed", stepMs: 15_000 })).toBe(15_000));

  it("is accepted by the API for every range", () => {
    for (const rangeMs of [1_000, 60_000, HOUR, 24 * HOUR, 730 * 24 * HOUR]) {
      for (const density of ["low", "medium", "high"] as const) {
        expect(rangeMs / stepFor(rangeMs, { type: "auto", density })).toBeLessThan(POINTS_MAX);
      }
      expect(rangeMs / smallestStep(rangeMs)).toBeLessThan(POINTS_MAX);
    }
  });
});

describe("windowOf", () => {
  const resolution = { type: "auto", density: "medium" } as const;
  it("ends now without an end", () =>
    expect(windowOf({ end: null, rangeMs: HOUR, resolution }, 5 * HOUR)).toEqual({
      startMs: 4 * HOUR,
      endMs: 5 * HOUR,
      stepMs: 14_000,
    }));
  it("takes now as a whole second where the step is", () =>
    expect(windowOf({ end: null, rangeMs: HOUR, resolution }, 5 * HOUR + 999).endMs).toBe(5 * HOUR));
  it("ends where it is told", () =>
    expect(windowOf({ end: 2 * HOUR, rangeMs: HOUR, resolution }, 5 * HOUR).endMs).toBe(2 * HOUR));
});

describe("neighborRange", () => {
  it("climbs the ladder from any range", () => {
    expect(neighborRange(HOUR, 1)).toBe(2 * HOUR);
    expect(neighborRange(HOUR, -1)).toBe(HOUR / 2);
    expect(neighborRange(HOUR + 1, -1)).toBe(HOUR);
  });
  it("stays at the ends", () => {
    expect(neighborRange(1_000, -1)).toBe(1_000);
    expect(neighborRange(10 * 365 * 24 * HOUR, 1)).toBe(10 * 365 * 24 * HOUR);
  });
});
