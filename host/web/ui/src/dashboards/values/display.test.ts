import { describe, expect, it } from "vitest";
import { parseValue } from "../../format/value";
import { readFieldConfig } from "../read/field";
import { boundsOf, seriesColorOf, showValue, valueText } from "./display";
import { joinFormatted } from "./units";
import vectors from "./vectors.json";

const CONTEXT = { scheme: { isDark: false, text: "#222222", surface: "#ffffff" }, zone: "utc" } as const;

describe("showValue", () => {
  it.each(vectors.displays)("shows $config.unit as Grafana does", ({ config, shown }) => {
    const field = readFieldConfig({ ...config, color: { mode: "thresholds" } });
    const values = shown.map(([value]) => (value === null || value === undefined ? null : typeof value === "string" ? parseValue(value) : value));
    const bounds = boundsOf(field, values);
    shown.forEach(([, text, color], index) => {
      const ours = showValue(values[index] ?? null, field, bounds, 0, CONTEXT);
      expect([values[index], joinFormatted(ours), ours.color]).toEqual([values[index], text, color]);
    });
  });
});

describe("seriesColorOf", () => {
  it("takes the palette, a fixed color, or the threshold of the last value", () => {
    const steps = [{ color: "#00aa00" }, { color: "#aa0000", value: 10 }];
    const color = (json: object) => {
      const config = readFieldConfig({ thresholds: { mode: "absolute", steps }, ...json });
      return seriesColorOf(config, [1, 12], { min: 0, max: 20 }, 0, CONTEXT.scheme);
    };
    expect(color({})).toBe(color({ color: { mode: "palette-classic" } }));
    expect(color({ color: { mode: "fixed", fixedColor: "semi-dark-red" } })).toBe("#e02f44");
    expect(color({ color: { mode: "thresholds" } })).toBe("#aa0000");
    expect(color({ color: { mode: "thresholds", seriesBy: "min" } })).toBe("#00aa00");
  });
});

it("maps texts by expressions", () => {
  const config = readFieldConfig({ mappings: [{ type: "regex", options: { pattern: "/^(\\w+)\\.example$/", result: { text: "host $1" } } }] });
  expect(valueText("db.example", config, "utc")).toBe("host db");
  expect(valueText("other", config, "utc")).toBe("other");
});
