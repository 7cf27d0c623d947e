/** One panel of Grafana's JSON, of whatever age. Pure. */
import { flag, isRecord, number, record, records, text, type Json } from "../json";
import type { Override, Panel, Place, Target } from "../model";
import { migrateGraph } from "./legacyGraph";
import { migratePie } from "./legacyPie";
import { migrateSinglestat } from "./legacyStat";
import { migrateTable } from "./legacyTable";
import { missingLibraryPanel } from "./library";
import { readLinks } from "./links";
import { foreignType } from "./sources";

export function readPanel(source: Json, key: string, place: Place): Panel {
  const json = migrate(source);
  const fields = record(json["fieldConfig"]);
  const missingLibrary = missingLibraryPanel(json);
  return {
    key,
    type: text(json["type"]),
    title: text(json["title"]) || (missingLibrary ?? ""),
    description: text(json["description"]),
    isTransparent: flag(json["transparent"]),
    place,
    repeat: readRepeat(json),
    links: readLinks(json["links"]),
    targets: records(json["targets"])
      .filter((each) => each["hide"] !== true)
      .map(readTarget),
    foreignSource: foreignSource(json),
    missingLibrary,
    minInterval: text(json["interval"]),
    pointsMax: number(json["maxDataPoints"]),
    timeFrom: text(json["timeFrom"]),
    timeShift: text(json["timeShift"]),
    defaults: record(fields["defaults"]),
    overrides: records(fields["overrides"]).map(readOverride),
    transformations: records(json["transformations"])
      .filter((each) => each["disabled"] !== true)
      .map((each) => ({ id: text(each["id"]), options: record(each["options"]) })),
    options: record(json["options"]),
  };
}

/** Panels that Grafana itself no longer draws become those that took their place. */
function migrate(json: Json): Json {
  switch (json["type"]) {
    case "graph":
      return migrateGraph(json);
    case "singlestat":
    case "grafana-singlestat-panel":
      return migrateSinglestat(json);
    case "grafana-piechart-panel":
      return migratePie(json);
    case "table":
    case "table-old":
      return Array.isArray(json["styles"]) ? migrateTable(json) : json;
    case "heatmap":
      // Grafana 8 and before named what the data is.
      return typeof json["dataFormat"] === "string"
        ? { ...json, options: { calculate: json["dataFormat"] !== "tsbuckets" } }
        : json;
    case "text":
      // Grafana 7 kept the text beside the options.
      return isRecord(json["options"]) ? json : { ...json, options: { mode: json["mode"], content: json["content"] } };
    default:
      return json;
  }
}

function readRepeat(json: Json): Panel["repeat"] {
  const variable = text(json["repeat"]);
  if (variable === "") return null;
  return { variable, isVertical: json["repeatDirection"] === "v", perLine: number(json["maxPerRow"]) ?? 4 };
}

function readTarget(json: Json, index: number): Target {
  const isInstant = flag(json["instant"]);
  const format = json["format"];
  return {
    refId: text(json["refId"], String.fromCharCode(65 + (index % 26))),
    expr: text(json["expr"]),
    legendFormat: text(json["legendFormat"]),
    isInstant,
    // Said neither: a range, as for all before the choice was there.
    isRange: flag(json["range"], !isInstant),
    format: format === "table" || format === "heatmap" ? format : "time_series",
    minInterval: text(json["interval"]),
    intervalFactor: number(json["intervalFactor"]) ?? 1,
  };
}

function readOverride(json: Json): Override {
  const matcher = record(json["matcher"]);
  return {
    matcher: text(matcher["id"]),
    matcherOptions: matcher["options"],
    properties: records(json["properties"]).map((each) => ({ path: text(each["id"]), value: each["value"] })),
  };
}

function foreignSource(json: Json): string | null {
  const named = [json["datasource"], ...records(json["targets"]).map((each) => each["datasource"])];
  return named.map(foreignType).find((each) => each !== null) ?? null;
}
