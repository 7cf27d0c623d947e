/** Column styles of tables before Grafana 7 as field settings of today. Pure. */
import { flag, list, number, records, text, type Json } from "../json";

const CELLS: Readonly<Record<string, string>> = {
  value: "color-text",
  cell: "color-background-solid",
  row: "color-background-solid",
};

export function migrateTable(json: Json): Json {
  const styles = records(json["styles"]);
  const all = styles.find((each) => each["pattern"] === "/.*/");
  return {
    ...json,
    type: "table",
    fieldConfig: {
      defaults: all ? Object.fromEntries(properties(all).map(({ id, value }) => [id, value])) : {},
      // The first style that fits won then; the last override wins now.
      overrides: styles
        .filter((each) => each !== all)
        .reverse()
        .map((each) => ({ matcher: matcher(text(each["pattern"])), properties: properties(each) })),
    },
    options: { showHeader: true },
  };
}

function matcher(pattern: string): Json {
  return { id: /^\/.*\/\w*$/.test(pattern) ? "byRegexp" : "byName", options: pattern };
}

function properties(style: Json): { id: string; value: unknown }[] {
  const found: { id: string; value: unknown }[] = [];
  const set = (id: string, value: unknown) => found.push({ id, value });
  if (text(style["alias"]) !== "") set("displayName", style["alias"]);
  if (style["type"] === "hidden") set("custom.hidden", true);
  if (style["type"] === "date") set("unit", "dateTimeAsIso");
  if (flag(style["link"])) set("links", [link(style)]);
  if (style["type"] !== "number") return found;
  if (text(style["unit"]) !== "") set("unit", style["unit"]);
  if (number(style["decimals"]) !== null) set("decimals", style["decimals"]);
  const values = list(style["thresholds"]).flatMap((each) => number(each) ?? []);
  const colors = list(style["colors"]);
  const cell = CELLS[text(style["colorMode"])];
  if (cell !== undefined && values.length > 0) {
    set("custom.cellOptions", { type: cell });
    const steps = [
      { color: colors[0] ?? "green" },
      ...values.map((value, index) => ({ value, color: colors[index + 1] ?? "red" })),
    ];
    set("color", { mode: "thresholds" });
    set("thresholds", { mode: "absolute", steps });
  }
  return found;
}

/** "$__cell" was the value, "$__cell_2" that of the third column. */
function link(style: Json): Json {
  const current = (source: string) =>
    source
      .replace(/\$\{?__cell_(\d+)(?::\w+)?\}?/g, "${__data.fields[$1]}")
      .replace(/\$\{?__cell(?::\w+)?\}?(?!_)/g, "${__value.raw}");
  return {
    title: current(text(style["linkTooltip"])),
    url: current(text(style["linkUrl"])),
    targetBlank: flag(style["linkTargetBlank"]),
  };
}
