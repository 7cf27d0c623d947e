import { describe, expect, it } from "vitest";
import { formatForInput, formatTime, newMoment, parseInstant, parseTime, parseTyped } from "./time";

const AT = Date.UTC(2026, 0, 31, 8, 5, 9, 40);

describe("formatTime", () => {
  it("shows milliseconds only where there are some", () => {
    expect(formatTime(AT, "utc")).toBe("2026-01-31 08:05:09.040");
    expect(formatTime(AT - 40, "utc")).toBe("2026-01-31 08:05:09");
  });

  it("cuts to seconds for an input", () => expect(formatForInput(AT, "utc")).toBe("2026-01-31T08:05:09"));
});

describe("parseTime", () => {
  it("undoes formatTime in both zones", () => {
    expect(parseTime(formatTime(AT, "utc"), "utc")).toBe(AT);
    expect(parseTime(formatTime(AT, "local"), "local")).toBe(AT);
  });

  it("reads what an input holds, with and without seconds", () => {
    expect(parseTime("2026-01-31T08:05", "utc")).toBe(Date.UTC(2026, 0, 31, 8, 5));
    expect(parseTime("2026-01-31T08:05:09", "utc")).toBe(AT - 40);
  });

  it("refuses other text", () => {
    for (const text of ["", "now", "2026-01-31", "31.01.2026 08:05"]) expect(parseTime(text, "utc")).toBeNull();
  });
});

describe("parseInstant", () => {
  it("knows the API's never", () => expect(parseInstant("0001-01-01T00:00:00Z")).toBeNull());
  it("reads nanoseconds", () => expect(parseInstant("2026-01-31T08:05:09.040123456Z")).toBe(AT));
  it("takes nothing for nothing", () => expect(parseInstant(null)).toBeNull());
});

it("takes no year for another one while it is typed", () => {
  for (const zone of ["utc", "local"] as const) {
    for (const year of ["0002", "0020", "0071", "0202", "1969"]) expect(parseTyped(`${year}-03-05T10:00`, zone)).toBeNull();
    expect(parseTyped("2025-03-05T10:00", zone)).toBe(parseTime("2025-03-05T10:00", zone));
  }
});

it("takes a moment without its seconds for the same", () => {
  const noon = Date.UTC(2026, 0, 31, 12);
  expect(newMoment("2026-01-31T12:00", noon, "utc")).toBeNull();
  expect(newMoment("2026-01-31T12:00:00", noon + 250, "utc")).toBeNull();
  expect(newMoment("2026-01-31T12:00:01", noon, "utc")).toBe(noon + 1000);
  expect(newMoment("", noon, "utc")).toBeNull();
});
