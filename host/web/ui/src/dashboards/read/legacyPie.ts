/** The pie chart plugin of the time before Grafana 8 as a piechart panel of today. Pure. */
import { record, text, type Json } from "../json";
import { SINGLE_REDUCERS } from "./legacyStat";

export function migratePie(json: Json): Json {
  const calc = SINGLE_REDUCERS[text(json["valueName"])] ?? "lastNotNull";
  return {
    ...json,
    type: "piechart",
    fieldConfig: {
      defaults: { unit: text(json["format"]), color: { mode: "palette-classic" } },
      overrides: Object.entries(record(json["aliasColors"])).map(([name, color]) => ({
        matcher: { id: "byName", options: name },
        properties: [{ id: "color", value: { mode: "fixed", fixedColor: color } }],
      })),
    },
    options: {
      pieType: json["pieType"] === "donut" ? "donut" : "pie",
      reduceOptions: { calcs: [calc] },
      legend: { values: ["value", "percent"] },
    },
  };
}
