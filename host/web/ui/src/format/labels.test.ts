import { describe, expect, it } from "vitest";
import { formatSeries, labelTexts, listed, matchesFilter, seriesParts } from "./labels";

describe("formatSeries", () => {
  it("writes a selector, labels by name", () =>
    expect(formatSeries({ __name__: "up", job: "node", env: "a" })).toBe('up{env="a", job="node"}'));
  it("leaves the braces away without labels", () => expect(formatSeries({ __name__: "up" })).toBe("up"));
  it("writes an aggregate of all", () => expect(formatSeries({})).toBe("{}"));
  it("escapes values", () => expect(formatSeries({ path: 'C:\\"x"\n' })).toBe('{path="C:\\\\\\"x\\"\\n"}'));
  it("quotes names that are not plain", () =>
    expect(formatSeries({ __name__: "http.requests", "a.b": "c" })).toBe('{"http.requests", "a.b"="c"}'));
});

it("gives the pieces of a series as they stand in PromQL", () => {
  expect(seriesParts({ __name__: "up", "a.b": 'x"' })).toEqual({ name: "up", entries: [{ name: '"a.b"', value: '"x\\""' }] });
  expect(seriesParts({ __name__: "a b" })).toEqual({ name: "", entries: [{ name: null, value: '"a b"' }] });
});

describe("matchesFilter", () => {
  const texts = ["TargetDown", ...labelTexts({ severity: "critical" })];
  it("wants every word", () => {
    expect(matchesFilter("target severity=crit", texts)).toBe(true);
    expect(matchesFilter("target severity=warn", texts)).toBe(false);
  });
  it("takes quoted values and ignores case", () => expect(matchesFilter('SEVERITY="critical"', texts)).toBe(true));
  it("lets all pass when empty", () => expect(matchesFilter("  ", [])).toBe(true));
});

it("lists names", () => {
  expect([[], ["a"], ["a", "b"], ["a", "b", "c"]].map(listed)).toEqual(["", "a", "a and b", "a, b and c"]);
});
