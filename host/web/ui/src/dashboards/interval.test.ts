import { describe, expect, it } from "vitest";
import { durationMs, rateInterval, roundedInterval, scrapeIntervalOf, stepOf } from "./interval";
import vectors from "./values/vectors.json";

describe("stepOf", () => {
  it("chooses the steps that Grafana chooses", () => {
    for (const [rangeMs = 0, points = 0, low, expected] of vectors.intervals as [number, number, string, number][]) {
      const ours = Math.max(roundedInterval(rangeMs / points), durationMs(low ?? "") ?? 0);
      expect([rangeMs, points, low, ours]).toEqual([rangeMs, points, low, expected]);
    }
  });

  it("asks for no more points than the API takes, whatever the range", () => {
    for (let rangeMs = 60_000; rangeMs < 1e15; rangeMs *= 1.07) {
      const step = stepOf({ rangeMs, points: 1e9, minMs: 1, factor: 1 });
      expect([rangeMs, rangeMs / step <= 11_000]).toEqual([rangeMs, true]);
    }
    // The next of the usual steps: 57,600 s would be the smallest.
    expect(stepOf({ rangeMs: 57_600_000 * 11_000, points: 1e9, minMs: 1, factor: 1 })).toBe(86_400_000);
  });
});

it("makes windows of rates wide enough", () => {
  expect(rateInterval(15_000, 15_000)).toBe(60_000);
  expect(rateInterval(300_000, 15_000)).toBe(315_000);
});

describe("scrapeIntervalOf", () => {
  it.each([
    ["global:\n  scrape_interval: 5s\nscrape_configs:\n- scrape_interval: 1h", 5_000],
    ["global: { evaluation_interval: 5s, scrape_interval: 30s }", 30_000],
    ["scrape_configs:\n- job_name: a\n  scrape_interval: 10s", 60_000],
  ])("reads %j", (yaml, ms) => expect(scrapeIntervalOf(yaml)).toBe(ms));
});
