/** Grafana's JSON as a dashboard of ours. What it cannot read it leaves out; it throws only where nothing can be shown. Pure. */
import { isRecord, number, record, records, strings, text, flag, type Json } from "../json";
import type { Dashboard, Panel, Place, Section } from "../model";
import { annotationList, readAnnotations } from "./annotations";
import { withLibraryPanels } from "./library";
import { readDashboardLinks } from "./links";
import { readPanel } from "./panel";
import { isSchema2, schema2Notices, toClassic } from "./schema2";
import { readVariables } from "./variables";

const COLUMNS = 24;
/** Old rows are this high where they do not say. */
const OLD_ROW_PIXELS = 250;
/** A row of the grid with the gap below it. */
const GRID_ROW_PIXELS = 38;

export class UnreadableDashboard extends Error {}

export function readDashboard(source: unknown): Dashboard {
  const json = unwrap(source);
  const time = record(json["time"]);
  const { annotations, notices } = readAnnotations(annotationList(json["annotations"]));
  const hasOldRows = records(json["rows"]).length > 0 && records(json["panels"]).length === 0;
  return {
    uid: text(json["uid"]),
    title: text(json["title"], "Dashboard without a title"),
    description: text(json["description"]),
    tags: strings(json["tags"]),
    from: text(time["from"], "now-6h"),
    to: text(time["to"], "now"),
    refresh: text(json["refresh"]),
    isCrosshairShared: (number(json["graphTooltip"]) ?? 0) > 0 || flag(json["sharedCrosshair"]),
    variables: readVariables(record(json["templating"])),
    annotations,
    links: readDashboardLinks(json["links"]),
    notices: [...notices, ...(isRecord(source) ? schema2Notices(withSchema2(source)?.spec ?? {}) : [])],
    sections: withOwnKeys(hasOldRows ? readOldRows(records(json["rows"])) : readSections(records(json["panels"]))),
  };
}

/** Ids that stand twice, as in files put together by hand, would be one panel for the page. */
function withOwnKeys(sections: readonly Section[]): Section[] {
  const seen = new Set<string>();
  const own = (key: string): string => {
    let free = key;
    for (let copy = 2; seen.has(free); copy += 1) free = `${key}/${copy}`;
    seen.add(free);
    return free;
  };
  return sections.map((section) => ({
    ...section,
    key: own(section.key),
    panels: section.panels.map((panel) => ({ ...panel, key: own(panel.key) })),
  }));
}

/** The dashboard itself, out of what Grafana's API, its file provisioning or an export put around it, as classic JSON. */
export function unwrap(source: unknown): Json {
  if (!isRecord(source)) throw new UnreadableDashboard("This is JSON, but no dashboard: an object is expected.");
  const found = withSchema2(source);
  if (found) return toClassic(found.spec, found.uid);
  const inner = [source["dashboard"], source["spec"], source].find(
    (each) => isRecord(each) && (Array.isArray(each["panels"]) || Array.isArray(each["rows"])),
  );
  if (!isRecord(inner)) throw new UnreadableDashboard("This is JSON, but no Grafana dashboard: it has neither panels nor rows.");
  const name = text(record(source["metadata"])["name"]);
  const isNamed = inner === source["spec"] && text(inner["uid"]) === "" && name !== "";
  return withLibraryPanels(isNamed ? { ...inner, uid: name } : inner);
}

function withSchema2(source: Json): { spec: Json; uid: string } | null {
  for (const around of [source, record(source["dashboard"])]) {
    const spec = [around["spec"], around].find(isSchema2);
    if (spec) return { spec, uid: text(record(around["metadata"])["name"]) || text(around["uid"]) };
  }
  return null;
}

function readSections(panels: readonly Json[]): Section[] {
  const sections: Section[] = [];
  const ordered = [...panels].sort((a, b) => placeOf(a).y - placeOf(b).y || placeOf(a).x - placeOf(b).x);
  let current: Section = { key: "top", title: null, isCollapsed: false, repeat: null, panels: [] };
  ordered.forEach((json, index) => {
    if (json["type"] !== "row") {
      current.panels.push(readPanel(json, keyOf(json, index), placeOf(json)));
      return;
    }
    if (current.title !== null || current.panels.length > 0) sections.push(settle(current));
    current = {
      key: `row-${keyOf(json, index)}`,
      title: text(json["title"]),
      isCollapsed: flag(json["collapsed"]),
      repeat: text(json["repeat"]) || null,
      panels: records(json["panels"]).map((each, at) => readPanel(each, keyOf(each, index * 1000 + at), placeOf(each))),
    };
  });
  if (current.title !== null || current.panels.length > 0) sections.push(settle(current));
  return sections;
}

/** Places count from the top of the section. */
function settle(section: Section): Section {
  const top = Math.min(...section.panels.map((each) => each.place.y));
  const panels = section.panels.map((each) => ({ ...each, place: { ...each.place, y: each.place.y - top } }));
  return { ...section, panels };
}

function placeOf(json: Json): Place {
  const place = record(json["gridPos"]);
  const w = Math.min(COLUMNS, Math.max(1, number(place["w"]) ?? 12));
  return {
    x: Math.min(COLUMNS - w, Math.max(0, number(place["x"]) ?? 0)),
    y: Math.max(0, number(place["y"]) ?? 0),
    w,
    h: Math.max(1, number(place["h"]) ?? 8),
  };
}

function keyOf(json: Json, index: number): string {
  const id = number(json["id"]);
  return id === null ? `at-${index}` : String(id);
}

/** Dashboards before Grafana 5: rows, in which panels follow each other on twelve columns. */
function readOldRows(rows: readonly Json[]): Section[] {
  const haveHeadings = rows.some((row) => flag(row["showTitle"]) || flag(row["collapse"]));
  return rows.map((row, index) => ({
    key: `row-${index}`,
    title: haveHeadings ? text(row["title"]) : null,
    isCollapsed: flag(row["collapse"]),
    repeat: text(row["repeat"]) || null,
    panels: flow(row, index),
  }));
}

function flow(row: Json, rowIndex: number): Panel[] {
  const h = Math.max(3, Math.ceil(pixels(row["height"]) / GRID_ROW_PIXELS));
  let [x, y] = [0, 0];
  return records(row["panels"]).map((json, index) => {
    const w = Math.min(COLUMNS, Math.max(2, Math.round((number(json["span"]) ?? 4) * 2)));
    const own =
      number(json["height"]) === null && typeof json["height"] !== "string"
        ? h
        : Math.max(3, Math.ceil(pixels(json["height"]) / GRID_ROW_PIXELS));
    if (x + w > COLUMNS) [x, y] = [0, y + h];
    const place = { x, y, w, h: own };
    x += w;
    return readPanel(json, keyOf(json, rowIndex * 1000 + index), place);
  });
}

function pixels(value: unknown): number {
  if (typeof value === "string") return number(value.replace(/px$/, "")) ?? OLD_ROW_PIXELS;
  return number(value) ?? OLD_ROW_PIXELS;
}
