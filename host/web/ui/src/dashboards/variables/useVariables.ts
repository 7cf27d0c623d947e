import { useCallback } from "react";
import { useRequest, type RequestState } from "../../state/useRequest";
import { askVariable } from "../data/ask";
import type { Variable } from "../model";
import type { TimeRange } from "../range";
import { resolveVariables, type Choices, type ResolvedVariables } from "./resolve";

/** The variables of a dashboard with their options: asked again for other choices, and for another range where one depends on it. */
export function useVariables(
  variables: readonly Variable[],
  choices: Choices,
  range: TimeRange,
): RequestState<ResolvedVariables> {
  const needsRange = variables.some(
    (each) => each.refreshesWithTime || each.kind === "interval" || /\$\{?__(range|from|to)/.test(each.query),
  );
  // Names that come and go are found once a range is chosen, not each time it moves on.
  const span = range.toMs - range.fromMs;
  const key = JSON.stringify([[...choices], needsRange ? [range.fromMs, range.toMs] : span]);
  const load = useCallback(
    async (signal: AbortSignal) => {
      const [chosen] = JSON.parse(key) as [[string, string[]][]];
      const data = await resolveVariables(variables, new Map(chosen), range, (query) =>
        askVariable(query, range, signal),
      );
      return { data, warnings: [], infos: [] };
    },
    // `key` stands for the choices and for what of the range matters.
    [variables, key],
  );
  return useRequest(load);
}
