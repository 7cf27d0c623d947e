/** What is asked before a dashboard that others made is stored. Pure. */
import { isRecord, record, records, text, type Json } from "./json";
import { isDrawn } from "./model";
import { readDashboard, unwrap, UnreadableDashboard } from "./read/dashboard";

export interface ImportInput {
  name: string;
  label: string;
  description: string;
  /** What is suggested. */
  value: string;
}

export interface ImportDraft {
  json: Json;
  title: string;
  uid: string;
  /** Constants that the file leaves open. Data sources are not asked: there is this host. */
  inputs: ImportInput[];
  /** Kinds of panels that are not drawn here, by how many there are. */
  unknownTypes: [type: string, amount: number][];
  panels: number;
}

const SOURCE_VALUE = "prometheus";

/** Reads what was pasted or dropped. Throws what can be told to the user. */
export function readImport(source: string): ImportDraft {
  let parsed: unknown;
  try {
    parsed = JSON.parse(source);
  } catch (error) {
    throw new UnreadableDashboard(`This is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const json = unwrap(parsed);
  const dashboard = readDashboard(json);
  const panels = dashboard.sections.flatMap((section) => section.panels);
  const counts = new Map<string, number>();
  for (const { type, missingLibrary } of panels) {
    const name = missingLibrary === null ? type : "of Grafana's library";
    if (!isDrawn(type)) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return {
    json,
    title: dashboard.title,
    // Names of resources may have dots, which uids have not.
    uid: isUid(dashboard.uid) ? dashboard.uid : uidFrom(dashboard.title),
    inputs: records(json["__inputs"])
      .filter((each) => each["type"] !== "datasource")
      .map(readInput),
    unknownTypes: [...counts],
    panels: panels.length,
  };
}

function readInput(json: Json): ImportInput {
  const name = text(json["name"]);
  return {
    name,
    label: text(json["label"]) || name,
    description: text(json["description"]),
    value: text(json["value"]),
  };
}

/** A dashboard without an identity gets one that a person can type. */
export function uidFrom(title: string): string {
  const plain = title
    .toLowerCase()
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
  return plain.slice(0, 40) || "dashboard";
}

/** The identities that Grafana takes. */
export function isUid(uid: string): boolean {
  return /^[A-Za-z0-9_-]{1,40}$/.test(uid);
}

/** The JSON to store: inputs filled in wherever they are named, and no longer asked. */
export function finishImport(
  draft: ImportDraft,
  answers: { title: string; uid: string; values: ReadonlyMap<string, string> },
): Json {
  const values = new Map(answers.values);
  const sources = records(draft.json["__inputs"]).filter((each) => each["type"] === "datasource");
  // A variable of the same name is chosen on the page, not here.
  const variables = records(record(draft.json["templating"])["list"]).map((each) => text(each["name"]));
  for (const { name } of sources) if (!variables.includes(text(name))) values.set(text(name), SOURCE_VALUE);
  const filled = fill(draft.json, values) as Json;
  const { __inputs: _inputs, __requires: _requires, __elements: _elements, ...rest } = filled;
  return { ...rest, title: answers.title, uid: answers.uid, id: null };
}

function fill(value: unknown, values: ReadonlyMap<string, string>): unknown {
  if (typeof value === "string")
    return value.replace(/\$\{(\w+)\}/g, (whole, name: string) => values.get(name) ?? whole);
  if (Array.isArray(value)) return value.map((each) => fill(each, values));
  if (isRecord(value)) return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, fill(each, values)]));
  return value;
}
