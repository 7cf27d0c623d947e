/** Annotations of Grafana's JSON: what is drawn over graphs at the times that a query finds. Pure. */
import { flag, isRecord, list, number, record, records, text, type Json } from "../json";
import type { Annotation } from "../model";
import { foreignType } from "./sources";

export interface ReadAnnotations {
  annotations: Annotation[];
  /** What of them cannot be shown, in words. */
  notices: string[];
}

export function readAnnotations(all: readonly Json[]): ReadAnnotations {
  const annotations: Annotation[] = [];
  const notices: string[] = [];
  for (const json of all) {
    const name = text(json["name"]) || "Annotations";
    const foreign = foreignType(json["datasource"]);
    const expr = text(record(json["target"])["expr"]) || text(json["expr"]);
    // What people wrote into Grafana itself: a list that every dashboard has.
    if (isBuiltIn(json)) continue;
    if (foreign !== null) notices.push(`Annotations "${name}" ask ${foreign}, which is not this host.`);
    else if (expr === "") notices.push(`Annotations "${name}" have no query of this host: they are kept in Grafana.`);
    else annotations.push(readAnnotation(json, name, expr));
  }
  return { annotations, notices };
}

function isBuiltIn(json: Json): boolean {
  return json["builtIn"] === 1 || json["builtIn"] === true || json["type"] === "dashboard";
}

function readAnnotation(json: Json, name: string, expr: string): Annotation {
  return {
    name,
    expr,
    step: text(record(json["target"])["interval"]) || text(json["step"]),
    title: text(json["titleFormat"]),
    text: text(json["textFormat"]),
    tagKeys: text(json["tagKeys"])
      .split(",")
      .map((each) => each.trim())
      .filter((each) => each !== ""),
    usesValueAsTime: flag(json["useValueForTime"]),
    color: text(json["iconColor"], "red"),
    isOn: flag(json["enable"], true),
    isHidden: flag(json["hide"]),
    panels: readPanels(json["filter"]),
  };
}

/** Which panels show it: all but some, or some. */
function readPanels(filter: unknown): Annotation["panels"] {
  const keys = list(record(filter)["ids"]).flatMap((id) => (number(id) === null ? [] : [String(id)]));
  return isRecord(filter) && keys.length > 0 ? { keys, isExclusion: flag(filter["exclude"]) } : null;
}

/** The list, whatever is around it. */
export function annotationList(value: unknown): Json[] {
  return records(record(value)["list"]);
}
