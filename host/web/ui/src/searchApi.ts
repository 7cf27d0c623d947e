/** Calls that find names and values by parts of them, so that a large store need not be read for a few. */
import { ApiError, exchange, openEnvelope, request, type Answer } from "./api";
import { escapeName } from "./dashboardApi";

/** What is searched: names of metrics, of labels, or values of one label. */
export type Searched = { of: "metrics" } | { of: "labels" } | { of: "values"; label: string };

export interface SearchTerms {
  /** Letters that the name has, in this order; empty finds all. */
  typed: string;
  /** A selector of the series that count; null is all. */
  selector: string | null;
  /** Milliseconds: what was there since then. */
  sinceMs: number;
  limit: number;
}

export interface Found {
  name: string;
  /** Of metrics, where scraping told them. */
  type?: string;
  help?: string;
}

export interface Search {
  /** The nearest first. */
  found: Found[];
  /** Whether there are more than were asked for. */
  hasMore: boolean;
}

/** Where there is no search, whoever asked finds among so many. */
const LISTED_MAX = 10_000;

interface SearchLine {
  results?: { name?: string; value?: string; type?: string; help?: string }[];
  status?: string;
  error?: string;
  has_more?: boolean;
}

/** Reads the lines of a search: batches, and whether there is more at the end. Pure. */
export function openSearch(httpStatus: number, body: string): Search {
  const lines = body.split("\n").filter((line) => line !== "");
  if (httpStatus !== 200 || lines.length === 0) return openEnvelope<Search>(httpStatus, body).data;
  const found: Found[] = [];
  let hasMore: boolean | undefined;
  for (const line of lines) {
    const { results = [], status, error, has_more: more } = readLine(line);
    if (status === "error") throw new ApiError("host", error ?? "The search ended early.");
    for (const { name, value, type, help } of results) {
      found.push({ name: name ?? value ?? "", ...(type ? { type } : {}), ...(help ? { help } : {}) });
    }
    hasMore = more ?? hasMore;
  }
  if (hasMore === undefined) throw new ApiError("malformed", "The answer of the search is not whole.");
  return { found, hasMore };
}

function readLine(line: string): SearchLine {
  try {
    return JSON.parse(line) as SearchLine;
  } catch {
    throw new ApiError("malformed", "The answer of the search cannot be read.");
  }
}

/** Finds names; asks for a list of them where the host has no search. */
export async function search(what: Searched, terms: SearchTerms, signal: AbortSignal): Promise<Search> {
  try {
    return await exchange(`api/v1/search/${PATHS[what.of]}?${searchParams(what, terms)}`, { signal }, openSearch);
  } catch (error) {
    if (!(error instanceof ApiError) || error.isTransient) throw error;
    const names = (await list(what, terms, signal)).data;
    return { found: names.map((name) => ({ name })), hasMore: names.length >= LISTED_MAX };
  }
}

const PATHS: Record<Searched["of"], string> = { metrics: "metric_names", labels: "label_names", values: "label_values" };

function searchParams(what: Searched, { typed, selector, sinceMs, limit }: SearchTerms): URLSearchParams {
  const params = new URLSearchParams({ limit: String(limit), start: String(sinceMs / 1000), case_sensitive: "false" });
  if (typed !== "") {
    params.set("search[]", typed);
    params.set("sort_by", "score");
  }
  if (selector !== null) params.set("match[]", selector);
  if (what.of === "metrics") params.set("include_metadata", "true");
  if (what.of === "values") params.set("label", what.label);
  return params;
}

function list(what: Searched, { selector, sinceMs }: SearchTerms, signal: AbortSignal): Promise<Answer<string[]>> {
  const params = new URLSearchParams({ limit: String(LISTED_MAX), start: String(sinceMs / 1000) });
  if (selector !== null) params.set("match[]", selector);
  if (what.of === "labels") return request(`labels?${params}`, { signal });
  const label = what.of === "metrics" ? "__name__" : what.label;
  return request(`label/${encodeURIComponent(escapeName(label))}/values?${params}`, { signal });
}
