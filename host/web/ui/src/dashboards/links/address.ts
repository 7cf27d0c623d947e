/** Where the links of a dashboard lead, with all that they name replaced. Pure. */
import type { Labels } from "../../api";
import type { DashboardEntry } from "../../dashboardApi";
import type { Cell } from "../data/table";
import { safeHref } from "../markdown";
import type { ValueLink } from "../model";
import type { RangeText, TimeRange } from "../range";
import { interpolate, interpolateText, type Scope } from "../variables/scope";

export interface LinkContext {
  scope: Scope;
  /** As the address has them. */
  variables: readonly { name: string; values: readonly string[] }[];
  range: TimeRange;
  rangeText: RangeText;
  /** Null while nobody knows which there are. */
  dashboards: readonly Pick<DashboardEntry, "uid" | "title">[] | null;
}

/** The value that a link stands at. */
export interface LinkSubject {
  cell: Cell;
  /** As it is shown. */
  text: string;
  timeMs: number | null;
  /** Of the reducer that made it. */
  calc: string;
  fieldName: string;
  seriesName: string;
  labels: Labels;
  /** The other values of its row. */
  row: readonly { name: string; cell: Cell; text: string }[];
}

export type Target =
  | { type: "page"; page: string; search: string }
  | { type: "address"; href: string }
  /** Leads nowhere, and why. */
  | { type: "none"; problem: string };

export interface ResolvedLink {
  title: string;
  target: Target;
  opensTab: boolean;
}

export function resolveLink(link: ValueLink, context: LinkContext, subject: LinkSubject | null = null): ResolvedLink {
  const url = fillAddress(link.url, context, subject);
  const title = interpolateText(fillMacros(link.title, subject), context.scope);
  return { title: title || url, target: targetOf(url, context.dashboards), opensTab: link.opensTab };
}

export function targetOf(url: string, dashboards: LinkContext["dashboards"]): Target {
  const href = safeHref(url);
  if (href === undefined) return { type: "none", problem: "Only http, https and mailto are followed." };
  return ownDashboard(href, dashboards) ?? { type: "address", href };
}

/** A dashboard's address in Grafana, below whatever it is served under. */
const GRAFANA_PATH = /^(?:\/(?:[^?#:]*?\/)?)?d\/([A-Za-z0-9_-]{1,40})(?:\/[^/?#]*)?\/?(?:\?([^#]*))?(?:#.*)?$/;
/** The same before Grafana 5, by its title. */
const OLD_PATH = /^(?:\/(?:[^?#:]*?\/)?)?dashboard\/db\/([^/?#]+)\/?(?:\?([^#]*))?(?:#.*)?$/;

function ownDashboard(href: string, dashboards: LinkContext["dashboards"]): Target | null {
  if (href.startsWith("//")) return null;
  const [, uid, query = ""] = GRAFANA_PATH.exec(href) ?? [];
  if (uid !== undefined) {
    const isThere = dashboards === null || dashboards.some((each) => each.uid === uid);
    return isThere ? dashboardPage(uid, query) : { type: "none", problem: `There is no dashboard ${uid} here.` };
  }
  const [, slug, oldQuery = ""] = OLD_PATH.exec(href) ?? [];
  if (slug === undefined) return null;
  const found = dashboards?.find((each) => slugOf(each.title) === slug);
  return found ? dashboardPage(found.uid, oldQuery) : { type: "none", problem: `There is no dashboard ${slug} here.` };
}

export function dashboardPage(uid: string, query: string): Target {
  const rest = query.split("&").filter((part) => part !== "" && !part.startsWith("uid="));
  return { type: "page", page: "dashboards", search: `?${[`uid=${encodeURIComponent(uid)}`, ...rest].join("&")}` };
}

function slugOf(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
}

/** The time and the variables as an address takes them along. */
export function timeParameters({ rangeText }: Pick<LinkContext, "rangeText">): string {
  return `from=${encodeURIComponent(rangeText.from)}&to=${encodeURIComponent(rangeText.to)}`;
}

export function variableParameters({ variables }: Pick<LinkContext, "variables">): string {
  return variables
    .flatMap(({ name, values }) => values.map((value) => `var-${encodeURIComponent(name)}=${encodeURIComponent(value)}`))
    .join("&");
}

const TOKEN = /\$\{([^}]+)\}|\$\w+|\[\[\w+(?::\w+)?\]\]/g;

/** Each value is escaped for the place in the address at which it stands. */
export function fillAddress(url: string, context: LinkContext, subject: LinkSubject | null): string {
  let filled = "";
  let end = 0;
  for (const match of url.matchAll(TOKEN)) {
    filled += url.slice(end, match.index);
    end = match.index + match[0].length;
    filled += tokenText(match[0], match[1] ?? match[0].slice(1), filled, context, subject);
  }
  return filled + url.slice(end);
}

function tokenText(token: string, inner: string, before: string, context: LinkContext, subject: LinkSubject | null): string {
  const [, name = "", format] = /^(.*?)(?::(.+))?$/s.exec(inner) ?? [];
  if (name === "__url_time_range") return timeParameters(context);
  if (name === "__all_variables") return variableParameters(context);
  if (name === "__from" || name === "__to")
    return timeText(name === "__from" ? context.range.fromMs : context.range.toMs, format);
  const macro = macroText(name, subject);
  if (macro !== null) return format === "raw" ? macro : escapeAt(before, macro);
  if (format === "queryparam") {
    const variable = context.variables.find((each) => each.name === name);
    return variable ? variableParameters({ variables: [variable] }) : token;
  }
  const value = interpolate(token, context.scope, "raw");
  return value === token || format !== undefined ? value : escapeAt(before, value);
}

function escapeAt(before: string, value: string): string {
  if (before === "") return encodeURI(value);
  const isHost = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*$/i.test(before);
  return isHost && /^[\w.:[\]-]*$/.test(value) ? value : encodeURIComponent(value);
}

/** "${__from}" is in milliseconds, "${__from:date}" as ISO has it, "${__from:date:seconds}" in seconds. */
function timeText(atMs: number, format: string | undefined): string {
  switch (format) {
    case "date":
    case "date:iso":
      return new Date(atMs).toISOString();
    case "date:seconds":
      return String(Math.floor(atMs / 1000));
    default:
      return String(Math.round(atMs));
  }
}

/** Titles, in which values stand as they are. */
function fillMacros(source: string, subject: LinkSubject | null): string {
  return source.replace(/\$\{(__[^}:]+)(?::\w+)?\}/g, (whole, name: string) => macroText(name, subject) ?? whole);
}

/** What "__value.raw" and its like stand for; null where the name is none of them. */
function macroText(name: string, subject: LinkSubject | null): string | null {
  if (!/^__(value|field|series|data)\b/.test(name) || !subject) return null;
  const [head, ...path] = [...name.matchAll(/\["([^"]*)"\]|\['([^']*)'\]|\[(\d+)\]|[^.[\]]+/g)].map(
    ([part, quoted, single, nth]) => quoted ?? single ?? nth ?? part,
  );
  switch (head) {
    case "__value":
      return valueText(path[0] ?? "raw", subject);
    case "__series":
      return subject.seriesName;
    case "__field":
      if (path[0] !== "labels") return subject.fieldName;
      return path.length === 1 ? labelsText(subject.labels) : (subject.labels[path.slice(1).join(".")] ?? "");
    default:
      return path[0] === "fields" ? rowText(path.slice(1), subject) : null;
  }
}

function valueText(part: string, { cell, text, timeMs, calc }: LinkSubject): string {
  switch (part) {
    case "text":
      return text;
    case "numeric":
      return typeof cell === "number" ? String(cell) : "NaN";
    case "time":
      return timeMs === null ? "" : String(timeMs);
    case "calc":
      return calc;
    default:
      return String(cell ?? "");
  }
}

function labelsText(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${value}"`)
    .join(", ");
}

function rowText(path: readonly string[], { row }: LinkSubject): string {
  const [last] = path.slice(-1);
  const kind = path.length > 1 && (last === "text" || last === "numeric") ? last : "raw";
  const name = kind === "raw" ? path.join(".") : path.slice(0, -1).join(".");
  const found = row.find((each) => each.name === name) ?? row[/^\d+$/.test(name) ? Number(name) : -1];
  if (!found) return "";
  if (kind === "numeric") return typeof found.cell === "number" ? String(found.cell) : "NaN";
  return kind === "text" ? found.text : String(found.cell ?? "");
}
