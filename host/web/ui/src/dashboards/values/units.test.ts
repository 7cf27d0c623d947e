import { describe, expect, it } from "vitest";
import { joinFormatted, roundedText, unitFormatter } from "./units";
import vectors from "./vectors.json";

/** Where we write otherwise than Grafana, on purpose. */
const OWN: Readonly<Record<string, string>> = {
  dtdurationms: "less than a millisecond is empty there",
  clockms: "negative times wrap around midnight there",
  clocks: "negative times wrap around midnight there",
  hex: "digits after the point",
  hex0x: "digits after the point",
};

describe("unitFormatter", () => {
  const byUnit = new Map<string, (typeof vectors.units)[number][]>();
  for (const vector of vectors.units) {
    const [unit] = vector;
    byUnit.set(String(unit), [...(byUnit.get(String(unit)) ?? []), vector]);
  }

  it.each([...byUnit.keys()])("writes %s as Grafana does", (unit) => {
    const isOwn = unit in OWN;
    for (const [, value, decimals, text] of byUnit.get(unit) ?? []) {
      if (isOwn && (Number(value) < 0 || !Number.isInteger(value))) continue;
      const ours = joinFormatted(unitFormatter(unit)(Number(value), decimals as number | null));
      expect([value, decimals, ours]).toEqual([value, decimals, text]);
    }
  });

  it("says what is no number", () => {
    expect(joinFormatted(unitFormatter("bytes")(Number.POSITIVE_INFINITY, null))).toBe("∞");
    expect(joinFormatted(unitFormatter("s")(Number.NaN, null))).toBe("NaN");
  });

  it("writes instants in the zone of the user", () => {
    expect(joinFormatted(unitFormatter("dateTimeAsIso", "utc")(1_700_000_000_123, null))).toBe("2023-11-14 22:13:20");
    expect(joinFormatted(unitFormatter("dateTimeFromNow")(Date.now() - 7_200_000, null))).toBe("2 hours ago");
  });
});

describe("roundedText", () => {
  it.each([
    [1.015, 1, "1.0"],
    [0.1 + 0.2, null, "0.300"],
    [12345.678, null, "12346"],
    [-1.5, 0, "-1"],
  ])("rounds %d to %s decimals", (value, decimals, text) => expect(roundedText(value, decimals)).toBe(text));
});
