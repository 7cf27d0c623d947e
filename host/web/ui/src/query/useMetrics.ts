/** The metrics that the explorer offers: all of them where that can be, else those that a search finds. */
import { useMemo } from "react";
import { getMetadata } from "../queryApi";
import { search, type Search } from "../searchApi";
import { useRequest, type RequestState } from "../state/useRequest";
import { filterMetrics, metricList, type Metric } from "./metricList";

/** A store with more is searched by the letters of names. */
export const METRICS_LISTED_MAX = 10_000;
const METRICS_FOUND_MAX = 500;

interface Metrics {
  /** Null until they are known. */
  metrics: Metric[] | null;
  /** Whether there are more than can be listed, so that only names are looked at. */
  isSearched: boolean;
  /** The request that counts for what is typed. */
  state: RequestState<Search>;
}

export function useMetrics(typed: string): Metrics {
  const whole = useRequest(listAll);
  // Types and help are a convenience: without them the names alone are shown.
  const metadata = useRequest(getMetadata).answer?.data;
  const isSearched = whole.answer?.data.hasMore === true;
  const wanted = isSearched ? typed.trim() : "";
  const find = useMemo(() => {
    if (wanted === "") return null;
    return async (signal: AbortSignal) => answered(await search({ of: "metrics" }, terms(wanted, METRICS_FOUND_MAX), signal));
  }, [wanted]);
  const found = useRequest(find);
  const state = find ? found : whole;
  const names = state.answer?.data.found;
  const known = useMemo(() => names && metricList(names.map(({ name }) => name), metadata ?? {}), [names, metadata]);
  // What was found is in the order of its nearness to what was typed.
  const metrics = useMemo(() => (known && !isSearched ? filterMetrics(known, typed) : (known ?? null)), [known, isSearched, typed]);
  return { metrics, isSearched, state };
}

async function listAll(signal: AbortSignal) {
  return answered(await search({ of: "metrics" }, terms("", METRICS_LISTED_MAX), signal));
}

function terms(typed: string, limit: number) {
  return { typed, selector: null, sinceMs: 0, limit };
}

function answered(data: Search) {
  return { data, warnings: [], infos: [] };
}
