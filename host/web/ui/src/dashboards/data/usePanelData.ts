import { useCallback, useEffect, useMemo, useRef } from "react";
import { useRequest, type RequestState } from "../../state/useRequest";
import { useDashboard } from "../context";
import type { AdhocFilter, Panel } from "../model";
import type { Scope } from "../variables/scope";
import { addFilters } from "./adhoc";
import { askPanel, type PanelData } from "./ask";
import { askingOf, queriesOf, type PanelQuery } from "./queries";

interface Options {
  isInView: boolean;
  widthPixels: number;
}

interface Asking {
  queries: PanelQuery[];
  filters: AdhocFilter[];
}

/** So often is asked again what failed beside answers. */
const RETRY_MS = 15_000;

/** What a panel's targets answer. Asks when the panel comes into view, and for each new range while it stays there. */
export function usePanelData(panel: Panel, scope: Scope, { isInView, widthPixels }: Options): RequestState<PanelData> {
  const { range, asked, scrapeMs, filters, display } = useDashboard();
  // A few pixels more or less are no reason to ask again.
  const width = Math.ceil(widthPixels / 100) * 100;
  const newest = useMemo(() => {
    const queries = queriesOf(panel, { range, zone: display.zone, scope, widthPixels: width, scrapeMs });
    return askingOf({ queries, filters }, asked);
  }, [panel, range, display.zone, scope, width, scrapeMs, filters, asked]);
  const seen = useRef<string | null>(null);
  if (isInView && widthPixels > 0) seen.current = newest;
  const asking = seen.current;
  const load = useCallback(
    async (signal: AbortSignal) => {
      const { queries, filters: added } = JSON.parse(asking ?? "{}") as Asking;
      const filtered = queries.map(async (query) => ({ ...query, expr: await addFilters(query.expr, added) }));
      return askPanel(await Promise.all(filtered), signal);
    },
    [asking],
  );
  const state = useRequest(asking === null ? null : load);
  const { answer, reload } = state;
  useEffect(() => {
    if (!answer?.data.errors.some((each) => each.isTransient)) return;
    // Not once: a page that is not seen asks nothing.
    const timer = setInterval(reload, RETRY_MS);
    return () => clearInterval(timer);
  }, [answer, reload]);
  return state;
}
