/** Field settings of Grafana's JSON. Pure. */
import { flag, isRecord, list, number, oneOf, record, records, text, type Json } from "../json";
import type { CellStyle, FieldConfig, GraphStyle, Mapping, MappingResult, Thresholds } from "../model";
import { readLinks } from "./links";

const BASE_COLOR = "green";

export function readFieldConfig(json: Json): FieldConfig {
  const color = record(json["color"]);
  return {
    unit: text(json["unit"]),
    decimals: number(json["decimals"]),
    min: number(json["min"]),
    max: number(json["max"]),
    displayName: text(json["displayName"]),
    noValue: text(json["noValue"]),
    colorMode: text(color["mode"]),
    fixedColor: text(color["fixedColor"]),
    colorBy: oneOf(color["seriesBy"], ["last", "min", "max"]),
    thresholds: readThresholds(record(json["thresholds"])),
    mappings: records(json["mappings"]).flatMap(readMapping),
    links: readLinks(json["links"]),
    graph: readGraphStyle(record(json["custom"])),
    cell: readCellStyle(record(json["custom"])),
  };
}

function readThresholds(json: Json): Thresholds {
  const steps = records(json["steps"]).map((step, index) => ({
    // The first step has no value, or null.
    from: number(step["value"]) ?? (index === 0 ? Number.NEGATIVE_INFINITY : 0),
    color: text(step["color"], BASE_COLOR),
  }));
  return { isPercentage: json["mode"] === "percentage", steps: steps.sort((a, b) => a.from - b.from) };
}

function readMapping(json: Json): Mapping[] {
  const options = record(json["options"]);
  switch (json["type"]) {
    case "value":
      return [
        {
          type: "value",
          results: new Map(Object.entries(options).map(([value, result]) => [value, readResult(result)])),
        },
      ];
    case "range": {
      const from = number(options["from"]) ?? Number.NEGATIVE_INFINITY;
      const to = number(options["to"]) ?? Number.POSITIVE_INFINITY;
      return [{ type: "range", from, to, result: readResult(options["result"]) }];
    }
    case "regex":
      return [{ type: "regex", pattern: text(options["pattern"]), result: readResult(options["result"]) }];
    case "special":
      return [{ type: "special", match: text(options["match"]), result: readResult(options["result"]) }];
    default:
      return readOldMapping(json);
  }
}

/** Mappings of Grafana 7: type 1 is a value, type 2 a range. */
function readOldMapping(json: Json): Mapping[] {
  const result: MappingResult = { text: text(json["text"]), color: null };
  if (json["type"] === 1) {
    const value = String(json["value"] ?? "");
    if (value === "null") return [{ type: "special", match: "null", result }];
    return [{ type: "value", results: new Map([[value, result]]) }];
  }
  const [from, to] = [number(json["from"]), number(json["to"])];
  if (json["type"] === 2 && from !== null && to !== null) return [{ type: "range", from, to, result }];
  return [];
}

function readResult(value: unknown): MappingResult {
  const json = record(value);
  return {
    text: typeof json["text"] === "string" ? json["text"] : null,
    color: typeof json["color"] === "string" ? json["color"] : null,
  };
}

function readGraphStyle(custom: Json): GraphStyle {
  const stacking = record(custom["stacking"]);
  const lineStyle = record(custom["lineStyle"]);
  const scale = record(custom["scaleDistribution"]);
  const hide = record(custom["hideFrom"]);
  return {
    draw: oneOf(custom["drawStyle"], ["line", "bars", "points"]),
    interpolation: oneOf(custom["lineInterpolation"], ["linear", "smooth", "stepBefore", "stepAfter"]),
    lineWidth: number(custom["lineWidth"]) ?? 1,
    fillOpacity: number(custom["fillOpacity"]) ?? 0,
    hasGradient: custom["gradientMode"] === "opacity" || custom["gradientMode"] === "hue",
    dash: readDash(lineStyle),
    pointSize: number(custom["pointSize"]) ?? 5,
    points: oneOf(custom["showPoints"], ["auto", "always", "never"]),
    spanNulls: number(custom["spanNulls"]) ?? flag(custom["spanNulls"]),
    stacking: oneOf(stacking["mode"], ["none", "normal", "percent"]),
    // Also `false`, which is a group of its own.
    stackGroup: String(stacking["group"] ?? "A"),
    isNegative: custom["transform"] === "negative-Y",
    axisPlacement: oneOf(custom["axisPlacement"], ["auto", "left", "right", "hidden"]),
    axisLabel: text(custom["axisLabel"]),
    softMin: number(custom["axisSoftMin"]),
    softMax: number(custom["axisSoftMax"]),
    isCentered: flag(custom["axisCenteredZero"]),
    logBase: scale["type"] === "log" ? (number(scale["log"]) ?? 10) : null,
    isHiddenInLegend: flag(hide["legend"]),
    isHiddenInTooltip: flag(hide["tooltip"]),
    isHidden: flag(hide["viz"]),
    thresholdsStyle: text(record(custom["thresholdsStyle"])["mode"], "off"),
  };
}

function readDash(lineStyle: Json): number[] | null {
  if (lineStyle["fill"] !== "dash" && lineStyle["fill"] !== "dot") return null;
  const dash = list(lineStyle["dash"]).flatMap((each) => number(each) ?? []);
  if (dash.length > 0) return dash;
  return lineStyle["fill"] === "dot" ? [0, 10] : [10, 10];
}

function readCellStyle(custom: Json): CellStyle {
  const options = custom["cellOptions"];
  const type = isRecord(options) ? text(options["type"], "auto") : text(custom["displayMode"], "auto");
  return {
    type:
      isRecord(options) && options["mode"] === "basic" && type === "color-background" ? "color-background-solid" : type,
    align: oneOf(custom["align"], ["auto", "left", "center", "right"]),
    width: number(custom["width"]),
    isHidden: flag(custom["hidden"]) || flag(record(custom["hideFrom"])["viz"]),
  };
}
