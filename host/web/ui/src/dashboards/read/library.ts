/** Panels of Grafana's library: what a dashboard says of them, and what an export adds. Pure. */
import { isRecord, record, records, text, type Json } from "../json";

/** The dashboard with all panels of the library that it brings along, in `__elements` or in the panel, in their places. */
export function withLibraryPanels(json: Json): Json {
  const elements = json["__elements"];
  const models = new Map(
    (Array.isArray(elements) ? records(elements).map((each): [string, Json] => [text(each["uid"]), each]) : Object.entries(record(elements))).map(
      ([uid, element]) => [uid, record(record(element)["model"])],
    ),
  );
  return Array.isArray(json["panels"]) ? { ...json, panels: json["panels"].map((panel) => filled(panel, models)) } : json;
}

function filled(value: unknown, models: ReadonlyMap<string, Json>): unknown {
  if (!isRecord(value)) return value;
  // Closed rows hold panels.
  const panel = Array.isArray(value["panels"]) ? { ...value, panels: value["panels"].map((each) => filled(each, models)) } : value;
  const library = panel["libraryPanel"];
  if (!isRecord(library) || text(panel["type"]) !== "") return panel;
  const model = isRecord(library["model"]) ? library["model"] : models.get(text(library["uid"]));
  if (!model || text(model["type"]) === "") return panel;
  const { id, gridPos, repeat, repeatDirection, maxPerRow } = panel;
  const own = { id, gridPos, repeat, repeatDirection, maxPerRow };
  return { ...model, ...Object.fromEntries(Object.entries(own).filter(([, each]) => each !== undefined)), title: text(panel["title"]) || model["title"] };
}

/** The name of a panel of the library that nobody brought along; null for all others. */
export function missingLibraryPanel(panel: Json): string | null {
  const library = panel["libraryPanel"];
  if (!isRecord(library) || text(panel["type"]) !== "") return null;
  return text(library["name"]) || text(panel["title"]) || text(library["uid"]) || "without a name";
}
