/** Links of Grafana's JSON: of dashboards, of panels and of values. Pure. */
import { flag, records, strings, text, type Json } from "../json";
import type { DashboardLink, ValueLink } from "../model";

export function readDashboardLinks(value: unknown): DashboardLink[] {
  return records(value).map((json) => ({
    kind: json["type"] === "dashboards" ? "dashboards" : "link",
    title: text(json["title"]),
    tooltip: text(json["tooltip"]),
    url: text(json["url"]),
    tags: strings(json["tags"]),
    keepsTime: flag(json["keepTime"]),
    keepsVariables: flag(json["includeVars"]),
    opensTab: flag(json["targetBlank"]),
    isDropdown: flag(json["asDropdown"]),
  }));
}

/** Links of panels and values; those of Grafana before 7 say by themselves what they take along. */
export function readLinks(value: unknown): ValueLink[] {
  return records(value).flatMap((json) => {
    const url = oldParameters(addressOf(json), json);
    return url === "" ? [] : [{ title: text(json["title"]), url, opensTab: flag(json["targetBlank"]) }];
  });
}

function addressOf(json: Json): string {
  const slug = text(json["dashUri"]).replace(/^db\//, "");
  return text(json["url"]) || (slug === "" ? "" : `/dashboard/db/${slug}`);
}

function oldParameters(url: string, json: Json): string {
  const parts = [
    ...(flag(json["keepTime"]) ? ["${__url_time_range}"] : []),
    ...(flag(json["includeVars"]) ? ["${__all_variables}"] : []),
    ...(text(json["params"]) === "" ? [] : [text(json["params"])]),
  ];
  if (url === "" || parts.length === 0) return url;
  return `${url}${url.includes("?") ? "&" : "?"}${parts.join("&")}`;
}
