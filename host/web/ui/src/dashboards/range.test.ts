import { afterEach, describe, expect, it, vi } from "vitest";
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
    ["2026-01-02T03:04:05.123456+02:00", "2026-01-02T01:04:05.123Z"],
    ["2026-01-02T03:04:05", "2026-01-02T03:04:05.000Z"],
    ["2026-01-02 03:04", "2026-01-02T03:04:00.000Z"],
    ["2026-01-02", "2026-01-02T00:00:00.000Z"],
  ])("reads %s", (text, expected) => expect(at(text)).toBe(expected));

  it("ends a rounded range at its last millisecond", () => expect(at("now/d", true)).toBe("2026-04-15T23:59:59.999Z"));
  it.each(["now-", "soon", "now-5x", "5", "panel 7", "May 3", "2026-02-31", "2026-01-02T25:00:00Z", "2026-01-02T03:04:05+99:00", ""])(
    "takes %j for no time",
    (text) => expect(at(text)).toBeNull(),
  );

  it.each([
    ["now-1M", "2026-03-31T08:00:00Z", "2026-02-28T08:00:00Z"],
    ["now-1M", "2026-05-31T08:00:00Z", "2026-04-30T08:00:00Z"],
    ["now+1M", "2028-01-31T08:00:00Z", "2028-02-29T08:00:00Z"],
    ["now-1y", "2028-02-29T08:00:00Z", "2027-02-28T08:00:00Z"],
    ["now-13M/M", "2026-03-31T08:00:00Z", "2025-02-01T00:00:00Z"],
  ])("goes by months: %s on %s", (text, now, expected) =>
    expect(resolveTime(text, Date.parse(now), "utc", false)).toBe(Date.parse(expected)));
});

describe("in a zone whose clocks change", () => {
  afterEach(() => vi.unstubAllEnvs());
  const local = (text: string, now: string) => {
    vi.stubEnv("TZ", "Europe/Berlin");
    const ms = resolveTime(text, Date.parse(now), "local", false);
    return ms === null ? null : new Date(ms).toISOString();
  };

  it.each([
    ["now-1d", "2026-03-29T10:00:00Z", "2026-03-28T11:00:00.000Z"],
    ["now-1M", "2026-03-31T10:00:00Z", "2026-02-28T11:00:00.000Z"],
    ["now/d", "2026-07-15T10:00:00Z", "2026-07-14T22:00:00.000Z"],
    ["now/h", "2026-07-15T10:20:00Z", "2026-07-15T10:00:00.000Z"],
    ["2026-07-15 12:00", "2026-07-15T10:20:00Z", "2026-07-15T10:00:00.000Z"],
    ["2026-07-15T12:00:00Z", "2026-07-15T10:20:00Z", "2026-07-15T12:00:00.000Z"],
  ])("reads %s at %s", (text, now, expected) => expect(local(text, now)).toBe(expected));
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
