import { useCallback, useRef } from "react";
import { useRequest, type RequestState } from "../../state/useRequest";
import { useDashboard } from "../context";
import type { Panel } from "../model";
import type { Scope } from "../variables/scope";
import { addFilters } from "./adhoc";
import { askPanel, type PanelData } from "./ask";
import { queriesOf, type PanelQuery } from "./queries";

interface Options {
  isInView: boolean;
  widthPixels: number;
}

/** What a panel's targets answer. Asks when the panel comes into view, and for each new range while it stays there. */
export function usePanelData(
  panel: Panel,
  scope: Scope,
  { isInView, widthPixels }: Options,
): [RequestState<PanelData>, PanelQuery[]] {
  const { range, scrapeMs, filters, display } = useDashboard();
  const seen = useRef<string | null>(null);
  // A few pixels more or less are no reason to ask again.
  const width = Math.ceil(widthPixels / 100) * 100;
  if (isInView && widthPixels > 0) {
    seen.current = JSON.stringify([queriesOf(panel, { range, zone: display.zone, scope, widthPixels: width, scrapeMs }), filters]);
  }
  const key = seen.current;
  const load = useCallback(
    async (signal: AbortSignal) => {
      const [queries, added] = JSON.parse(key ?? "[[],[]]") as [PanelQuery[], typeof filters];
      const filtered = await Promise.all(
        queries.map(async (query) => ({ ...query, expr: await addFilters(query.expr, added) })),
      );
      return askPanel(filtered, signal);
    },
    [key],
  );
  const state = useRequest(key === null ? null : load);
  const [queries] = JSON.parse(key ?? "[[],[]]") as [PanelQuery[]];
  return [state, queries];
}
