/** The singlestat panel of Grafana before 8 as a stat or gauge panel of today. Pure. */
import { flag, list, number, record, records, text, type Json } from "../json";

export const SINGLE_REDUCERS: Readonly<Record<string, string>> = {
  avg: "mean",
  current: "lastNotNull",
  total: "sum",
  first: "firstNotNull",
  min: "min",
  max: "max",
  delta: "delta",
  diff: "diff",
  range: "range",
};

export function migrateSinglestat(json: Json): Json {
  const gauge = record(json["gauge"]);
  const isGauge = flag(gauge["show"]);
  const calc = SINGLE_REDUCERS[text(json["valueName"])] ?? (json["valueName"] === undefined ? "mean" : "lastNotNull");
  return {
    ...json,
    type: isGauge ? "gauge" : "stat",
    fieldConfig: {
      defaults: {
        unit: text(json["format"]),
        decimals: number(json["decimals"]) ?? undefined,
        ...(isGauge ? { min: number(gauge["minValue"]) ?? 0, max: number(gauge["maxValue"]) ?? 100 } : {}),
        color: { mode: "thresholds" },
        thresholds: { mode: "absolute", steps: steps(json) },
        mappings: mappings(json),
      },
      overrides: [],
    },
    options: {
      reduceOptions: { calcs: [calc] },
      colorMode: flag(json["colorBackground"]) ? "background" : flag(json["colorValue"]) ? "value" : "none",
      graphMode: flag(record(json["sparkline"])["show"]) ? "area" : "none",
      textMode: json["valueName"] === "name" ? "name" : "value",
      orientation: "horizontal",
      showThresholdMarkers: flag(gauge["thresholdMarkers"], true),
      showThresholdLabels: flag(gauge["thresholdLabels"]),
    },
  };
}

/** "10,20" and three colors. */
function steps(json: Json): Json[] {
  const colors = list(json["colors"]);
  const values = text(json["thresholds"])
    .split(",")
    .flatMap((each) => number(each) ?? []);
  if (values.length === 0)
    return [{ color: flag(json["colorValue"]) || flag(json["colorBackground"]) ? (colors[0] ?? "green") : "green" }];
  return [
    { color: colors[0] ?? "green" },
    ...values.map((value, index) => ({ value, color: colors[index + 1] ?? "red" })),
  ];
}

function mappings(json: Json): Json[] {
  // 1 is "value to text" and 2 "range to text"; without a choice, both lists may be there.
  const kind = number(json["mappingType"]) ?? 1;
  if (kind === 2) {
    return records(json["rangeMaps"]).map((each) => {
      const result = { text: text(each["text"]) };
      if (each["from"] === "null") return { type: "special", options: { match: "null", result } };
      return { type: "range", options: { from: number(each["from"]), to: number(each["to"]), result } };
    });
  }
  return records(json["valueMaps"]).map((each) => {
    const result = { text: text(each["text"]) };
    if (each["value"] === "null") return { type: "special", options: { match: "null", result } };
    return { type: "value", options: { [String(each["value"] ?? "")]: result } };
  });
}
