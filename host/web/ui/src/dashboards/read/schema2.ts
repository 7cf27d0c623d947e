/**
 * Dashboards of Grafana's schema v2, where panels and their places are told apart, as the classic JSON of which they
 * were made: https://grafana.com/docs/grafana/latest/as-code/observability-as-code/schema-v2/. Rows and tabs are rows. Pure.
 */
import { flag, isRecord, number, record, records, text, type Json } from "../json";

export function isSchema2(value: unknown): value is Json {
  return isRecord(value) && isRecord(value["elements"]) && isRecord(value["layout"]);
}

/** `spec` is the dashboard, `uid` how the file around it names it. */
export function toClassic(spec: Json, uid: string): Json {
  const time = record(spec["timeSettings"]);
  return {
    uid,
    title: spec["title"],
    description: spec["description"],
    tags: spec["tags"],
    links: spec["links"],
    time: { from: time["from"], to: time["to"] },
    refresh: time["autoRefresh"],
    graphTooltip: ["Off", "Crosshair", "Tooltip"].indexOf(text(spec["cursorSync"], "Off")),
    templating: { list: [...records(spec["variables"]), ...variablesBelow(record(spec["layout"]))].map(toVariable) },
    annotations: { list: records(spec["annotations"]).map(toAnnotation) },
    panels: toPanels(record(spec["layout"]), record(spec["elements"])),
  };
}

/** What it says and is not followed here. */
export function schema2Notices(spec: Json): string[] {
  return hasConditions(spec["layout"])
    ? ["Some of its panels or rows have conditions of their own; here they are always shown."]
    : [];
}

function hasConditions(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(hasConditions);
  return isRecord(value) && ("conditionalRendering" in value || Object.values(value).some(hasConditions));
}

/** Rows and tabs of a layout, whichever it has. */
function partsOf(layout: Json): Json[] {
  const spec = record(layout["spec"]);
  return [...records(spec["rows"]), ...records(spec["tabs"])].map((part) => record(part["spec"]));
}

/** Rows and tabs may have variables of their own; here they are the dashboard's. */
function variablesBelow(layout: Json): Json[] {
  return partsOf(layout).flatMap((part) => [...records(part["variables"]), ...variablesBelow(record(part["layout"]))]);
}

interface Row {
  title: string;
  isCollapsed: boolean;
  repeat: string;
  panels: Json[];
}

function toPanels(layout: Json, elements: Json): Json[] {
  const all: Json[] = [];
  let y = 0;
  const move = (panels: readonly Json[], top: number) =>
    panels.map((panel) => ({ ...panel, gridPos: { ...record(panel["gridPos"]), y: top + placeY(panel) } }));
  rowsOf(layout, elements, "", false).forEach(({ title, isCollapsed, repeat, panels }, index) => {
    const hasHeading = title !== "" || repeat !== "";
    const row = { type: "row", id: null, title: title || `$${repeat}`, collapsed: isCollapsed, repeat, gridPos: { x: 0, y, w: 24, h: 1 } };
    if (hasHeading) y += 1;
    const moved = move(panels, y);
    if (!hasHeading) all.push(...moved);
    // Ids of rows are not told: their place is.
    else if (isCollapsed) all.push({ ...row, id: -1 - index, panels: moved });
    else all.push({ ...row, id: -1 - index, panels: [] }, ...moved);
    y = Math.max(y, ...moved.map(bottomOf));
  });
  return all;
}

function placeY(panel: Json): number {
  return number(record(panel["gridPos"])["y"]) ?? 0;
}

function bottomOf(panel: Json): number {
  return placeY(panel) + (number(record(panel["gridPos"])["h"]) ?? 0);
}

/** A layout as rows of panels. Rows and tabs that lie in others have the names of both. */
function rowsOf(layout: Json, elements: Json, name: string, isClosed: boolean): Row[] {
  const spec = record(layout["spec"]);
  switch (layout["kind"]) {
    case "RowsLayout":
    case "TabsLayout":
      return partsOf(layout).flatMap((part) => {
        const own = flag(part["hideHeader"]) ? "" : text(part["title"]);
        const isCollapsed = isClosed || flag(part["collapse"]);
        const rows = rowsOf(record(part["layout"]), elements, [name, own].filter((each) => each !== "").join(" / "), isCollapsed);
        const repeat = text(record(part["repeat"])["value"]);
        return rows.map((row) => (row.repeat === "" ? { ...row, repeat } : row));
      });
    case "AutoGridLayout":
      return [{ title: name, isCollapsed: isClosed, repeat: "", panels: autoPanels(spec, elements) }];
    default:
      return gridRows(records(spec["items"]), elements, name, isClosed);
  }
}

/** Panels at their places; the first drafts of the schema had rows among them. */
function gridRows(items: readonly Json[], elements: Json, name: string, isClosed: boolean): Row[] {
  const [rows, panels] = [items.filter(isGridRow), items.filter((item) => !isGridRow(item))];
  const first: Row = { title: name, isCollapsed: isClosed, repeat: "", panels: panels.flatMap((item) => gridPanel(record(item["spec"]), elements)) };
  const others = rows.flatMap((item): Row[] => {
    const spec = record(item["spec"]);
    const isCollapsed = isClosed || flag(spec["collapsed"]);
    return gridRows(records(spec["elements"]), elements, text(spec["title"]), isCollapsed).map((row) => ({
      ...row,
      repeat: text(record(spec["repeat"])["value"]),
    }));
  });
  return [...(panels.length > 0 || rows.length === 0 ? [first] : []), ...others];
}

function isGridRow(item: Json): boolean {
  return item["kind"] === "GridLayoutRow";
}

function gridPanel(item: Json, elements: Json): Json[] {
  const panel = panelOf(item, elements);
  const { x, y, width, height } = item;
  const repeat = record(item["repeat"]);
  return panel
    ? [{ ...panel, gridPos: { x, y, w: width, h: height }, repeat: repeat["value"], repeatDirection: repeat["direction"], maxPerRow: repeat["maxPerRow"] }]
    : [];
}

const COLUMNS = 24;
/** A window of usual width, a row of the grid with the gap below it, and the sizes that have names. */
const WINDOW_PIXELS = 1_600;
const GRID_ROW_PIXELS = 38;
const WIDTHS: Readonly<Record<string, number>> = { narrow: 192, standard: 448, wide: 768 };
const HEIGHTS: Readonly<Record<string, number>> = { short: 168, standard: 320, tall: 512 };

/** Panels one after the other, as many beside each other as there is room for. */
function autoPanels(spec: Json, elements: Json): Json[] {
  const items = records(spec["items"]).map((item) => record(item["spec"]));
  const width = WIDTHS[text(spec["columnWidthMode"])] ?? number(spec["columnWidth"]) ?? 448;
  const height = HEIGHTS[text(spec["rowHeightMode"])] ?? number(spec["rowHeight"]) ?? 320;
  const fitting = Math.min(number(spec["maxColumnCount"]) ?? 3, Math.max(1, Math.floor(WINDOW_PIXELS / width)), COLUMNS);
  const isRepeated = items.some((item) => text(record(item["repeat"])["value"]) !== "");
  const columns = Math.max(1, isRepeated ? fitting : Math.min(fitting, items.length));
  const h = Math.max(2, Math.round(height / GRID_ROW_PIXELS));
  let [column, y] = [0, 0];
  const breakLine = () => {
    if (column > 0) y += h;
    column = 0;
  };
  return items.flatMap((item) => {
    const panel = panelOf(item, elements);
    if (!panel) return [];
    const repeat = text(record(item["repeat"])["value"]);
    // Copies need lines of their own.
    if (repeat !== "" || column === columns) breakLine();
    const [x, end] = [column, column + 1].map((each) => Math.floor((each * COLUMNS) / columns)) as [number, number];
    const placed = { ...panel, gridPos: { x, y, w: end - x, h }, ...(repeat === "" ? {} : { repeat, maxPerRow: columns }) };
    column += 1;
    if (repeat !== "") breakLine();
    return [placed];
  });
}

function panelOf(item: Json, elements: Json): Json | null {
  const element = elements[text(record(item["element"])["name"])];
  if (!isRecord(element)) return null;
  const spec = record(element["spec"]);
  const { id, title, description, links, transparent } = spec;
  if (element["kind"] === "LibraryPanel") return { id, title, libraryPanel: record(spec["libraryPanel"]) };
  const [data, viz] = [record(record(spec["data"])["spec"]), record(spec["vizConfig"])];
  const { options, fieldConfig } = record(viz["spec"]);
  const { interval, maxDataPoints, timeFrom, timeShift } = record(data["queryOptions"]);
  return {
    id,
    title,
    description,
    links,
    transparent,
    type: groupOf(viz, "VizConfig"),
    options,
    fieldConfig,
    interval,
    maxDataPoints,
    timeFrom,
    timeShift,
    targets: records(data["queries"]).map((query) => toTarget(record(query["spec"]))),
    transformations: records(data["transformations"]).map(toTransformation),
  };
}

/** What something is for: drafts of the schema said it as its kind. */
function groupOf(json: Json, kind: string): string {
  return text(json["group"]) || (json["kind"] === kind ? "" : text(json["kind"]));
}

function toTarget({ refId, hidden, query, datasource }: Json): Json {
  const asked = record(query);
  return { ...record(asked["spec"]), refId, hide: hidden, datasource: sourceOf(asked, datasource) };
}

function sourceOf(query: Json, draft: unknown): Json {
  const { name } = record(query["datasource"]);
  return { type: groupOf(query, "DataQuery") || record(draft)["type"], uid: name ?? record(draft)["uid"] };
}

function toTransformation(json: Json): Json {
  const spec = record(json["spec"]);
  return { id: text(spec["id"]) || groupOf(json, "Transformation"), disabled: spec["disabled"], options: spec["options"] };
}

const KINDS: Readonly<Record<string, string>> = {
  QueryVariable: "query",
  TextVariable: "textbox",
  ConstantVariable: "constant",
  DatasourceVariable: "datasource",
  IntervalVariable: "interval",
  CustomVariable: "custom",
  AdhocVariable: "adhoc",
  SwitchVariable: "custom",
};

/** By the numbers that the classic JSON has for them. */
const SORTS = [
  "disabled",
  "alphabeticalAsc",
  "alphabeticalDesc",
  "numericalAsc",
  "numericalDesc",
  "alphabeticalCaseInsensitiveAsc",
  "alphabeticalCaseInsensitiveDesc",
  "naturalAsc",
  "naturalDesc",
];

function toVariable(json: Json): Json {
  const spec = record(json["spec"]);
  const type = KINDS[text(json["kind"])] ?? text(json["kind"]);
  const classic = {
    ...spec,
    type,
    sort: Math.max(0, SORTS.indexOf(text(spec["sort"]))),
    refresh: spec["refresh"] === "onTimeRangeChanged" ? 2 : 1,
  };
  switch (json["kind"]) {
    case "QueryVariable":
      return { ...classic, query: toQuery(record(spec["query"])) };
    case "DatasourceVariable":
      return { ...classic, query: spec["pluginId"] };
    case "SwitchVariable":
      return {
        ...classic,
        query: [spec["enabledValue"], spec["disabledValue"]].map((each) => text(each).replace(/,/g, "\\,")).join(","),
        current: { value: spec["current"] },
      };
    default:
      return classic;
  }
}

/** A query that was a text once. */
function toQuery(query: Json): unknown {
  const spec = record(query["spec"]);
  return spec["__legacyStringValue"] ?? spec;
}

function toAnnotation(json: Json): Json {
  const spec = record(json["spec"]);
  const { name, enable, hide, iconColor, builtIn, filter } = spec;
  const query = record(spec["query"]);
  return {
    ...record(spec["legacyOptions"]),
    name,
    enable,
    hide,
    iconColor,
    builtIn,
    filter,
    target: record(query["spec"]),
    datasource: sourceOf(query, spec["datasource"]),
  };
}
