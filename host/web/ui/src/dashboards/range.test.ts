import { describe, expect, it } from "vitest";
import { rangeLabel, resolveRange, resolveTime } from "./range";

/** A Wednesday. */
const NOW = Date.UTC(2026, 3, 15, 13, 45, 30);
const at = (text: string, isEnd = false) => {
  const ms = resolveTime(text, NOW, "utc", isEnd);
  return ms === null ? null : new Date(ms).toISOString();
};

describe("resolveTime", () => {
  it.each([
    ["now", "2026-04-15T13:45:30.000Z"],
    ["now-90m", "2026-04-15T12:15:30.000Z"],
    ["now/d", "2026-04-15T00:00:00.000Z"],
    ["now-1d/d", "2026-04-14T00:00:00.000Z"],
    ["now/w", "2026-04-13T00:00:00.000Z"],
    ["now-1M", "2026-03-15T13:45:30.000Z"],
    ["now/y", "2026-01-01T00:00:00.000Z"],
    ["1700000000000", "2023-11-14T22:13:20.000Z"],
    ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000Z"],
  ])("reads %s", (text, expected) => expect(at(text)).toBe(expected));

  it("ends a rounded range at its last millisecond", () => expect(at("now/d", true)).toBe("2026-04-15T23:59:59.999Z"));
  it("knows what it cannot read", () => expect([at("now-"), at("soon"), at("now-5x")]).toEqual([null, null, null]));
});

it("falls back to six hours", () => {
  expect(resolveRange({ from: "?", to: "now" }, NOW, "utc")).toEqual({ fromMs: NOW - 21_600_000, toMs: NOW });
  expect(resolveRange({ from: "now", to: "now-1h" }, NOW, "utc").toMs).toBe(NOW - 3_600_000);
});

it("names ranges", () => {
  expect(rangeLabel({ from: "now-6h", to: "now" }, NOW, "utc")).toBe("Last 6 hours");
  expect(rangeLabel({ from: "now-42m", to: "now" }, NOW, "utc")).toBe("Last 42m");
  expect(rangeLabel({ from: "1700000000000", to: "now" }, NOW, "utc")).toBe("2023-11-14 22:13:20 to now");
});
