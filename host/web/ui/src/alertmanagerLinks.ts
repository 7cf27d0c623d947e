/**
 * Addresses of Alertmanager's own pages, which stand in notifications and in templates of many people:
 * `#/alerts?receiver=team`, `#/silences/new?filter={…}`. They lead to the pages that are here. Pure.
 */
import { KINDS, writeKinds, type Kind } from "./groups/groupFilter";

export interface PageAddress {
  page: string;
  /** With the leading "?", or empty. */
  search: string;
}

/** Null for a hash that is none of Alertmanager's. */
export function ofAlertmanager(hash: string): PageAddress | null {
  if (!hash.startsWith("#/")) return null;
  const [path = "", query = ""] = splitOnce(hash.slice(2), "?");
  const params = new URLSearchParams(query);
  const [page, ...rest] = path.split("/").filter(Boolean);
  if (page === "alerts") return alerts(params);
  if (page === "silences") return silences(rest.map(decodePart), params);
  if (page === "status") return { page: "status", search: "" };
  return null;
}

function alerts(params: URLSearchParams): PageAddress {
  const isOn = (name: string, usual: boolean) => (params.get(name) ?? String(usual)) === "true";
  const kinds: Kind[] = KINDS.filter((kind) => isOn(kind, kind === "active" || kind === "acknowledged"));
  return address("groups", {
    filter: params.get("filter"),
    // Its pages write a regular expression of the name, templates the name itself.
    receiver: params.get("receiver")?.replace(/\\(.)/g, "$1"),
    show: writeKinds(kinds),
  });
}

function silences([first, second]: string[], params: URLSearchParams): PageAddress {
  if (first === "new") {
    const search = new URLSearchParams({ new: params.get("filter") ?? "" });
    const comment = params.get("comment");
    if (comment) search.set("comment", comment);
    return { page: "silences", search: `?${search}` };
  }
  if (first !== undefined) return address("silences", second === "edit" ? { edit: first } : { id: first });
  return address("silences", { search: params.get("filter")?.replace(/^\{|\}$/g, "") });
}

function address(page: string, wanted: Record<string, string | null | undefined>): PageAddress {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(wanted)) {
    if (value) search.set(name, value);
  }
  const text = search.toString();
  return { page, search: text === "" ? "" : `?${text}` };
}

function splitOnce(text: string, mark: string): string[] {
  const place = text.indexOf(mark);
  return place === -1 ? [text] : [text.slice(0, place), text.slice(place + 1)];
}

function decodePart(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
