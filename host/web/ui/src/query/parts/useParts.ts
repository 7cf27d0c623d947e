/** The parts of an expression as React values: parsed once, run anew with every run. */
import { useCallback, useEffect, useMemo, useReducer } from "react";
import { queryInstant, type ApiError } from "../../api";
import { parseQuery } from "../../queryApi";
import { useRequest } from "../../state/useRequest";
import { partsOf, RESULTS_MAX, runParts, type Outcome, type Part } from "./parts";

interface Parts {
  /** Null until the expression is parsed. */
  root: Part | null;
  /** Why it cannot be parsed. */
  error: ApiError | null;
  isLoading: boolean;
  /** By the ids of parts; those that are not told wait. */
  outcomes: ReadonlyMap<string, Outcome>;
}

type Action = { type: "begin" } | { type: "told"; id: string; outcome: Outcome };

const NONE: ReadonlyMap<string, Outcome> = new Map();

function reduce(outcomes: ReadonlyMap<string, Outcome>, action: Action): ReadonlyMap<string, Outcome> {
  return action.type === "begin" ? NONE : new Map(outcomes).set(action.id, action.outcome);
}

/** `moment` in milliseconds, null is now; `run` grows with every run. */
export function useParts(expr: string, moment: number | null, run: number): Parts {
  const parse = useCallback((signal: AbortSignal) => parseQuery(expr, signal), [expr]);
  const { answer, error, isLoading } = useRequest(parse);
  const root = useMemo(() => (answer ? partsOf(answer.data) : null), [answer]);
  const [outcomes, dispatch] = useReducer(reduce, NONE);

  useEffect(() => {
    if (!root) return;
    const abort = new AbortController();
    const time = (moment ?? Date.now()) / 1000;
    dispatch({ type: "begin" });
    void runParts(
      root,
      (query, signal) => queryInstant({ query, time, limit: RESULTS_MAX + 1 }, signal),
      (id, outcome) => dispatch({ type: "told", id, outcome }),
      abort.signal,
    );
    return () => abort.abort();
  }, [root, moment, run]);

  return { root, error, isLoading, outcomes };
}
