/**
 * A request to the host as a React value: loads, keeps the last good answer while a newer one is on
 * its way, polls, and tries again by itself while the host is away.
 */
import { useCallback, useEffect, useReducer, useRef } from "react";
import { ApiError, type Answer } from "../api";

export interface RequestState<T> {
  /** The newest good answer. It stays while a later request fails. */
  answer: Answer<T> | null;
  /** Why the newest request failed; null after a good one. */
  error: ApiError | null;
  isLoading: boolean;
  /** When `answer` arrived, in milliseconds since the epoch. */
  answeredAt: number | null;
  /** How long the newest good request took. */
  tookMs: number | null;
  reload: () => void;
}

interface Options {
  /** Poll this often while the page is visible. Without it the request is sent once per `load`. */
  intervalMs?: number;
}

type Action<T> =
  | { type: "start" }
  | { type: "done"; answer: Answer<T>; at: number; tookMs: number }
  | { type: "failed"; error: ApiError };

type State<T> = Omit<RequestState<T>, "reload">;

const RETRY_FIRST_MS = 2_000;
const RETRY_MAX_MS = 15_000;

/** How long to wait before trying again after `failures` failures in a row. Pure. */
export function retryDelay(failures: number): number {
  return Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** Math.min(10, Math.max(0, failures - 1)));
}

function reduce<T>(state: State<T>, action: Action<T>): State<T> {
  switch (action.type) {
    case "start":
      return { ...state, isLoading: true };
    case "done":
      return {
        answer: action.answer,
        error: null,
        isLoading: false,
        answeredAt: action.at,
        tookMs: action.tookMs,
      };
    case "failed":
      return { ...state, error: action.error, isLoading: false };
  }
}

/**
 * Runs `load` now, whenever it changes, and at the interval. `load` must be stable (`useCallback` or a
 * function of the module); null means that there is nothing to ask. The old answer stays until the new
 * one is there; where it would mislead, give the component another `key`.
 */
export function useRequest<T>(
  load: ((signal: AbortSignal) => Promise<Answer<T>>) | null,
  options: Options = {},
): RequestState<T> {
  const { intervalMs } = options;
  const [state, dispatch] = useReducer(reduce<T>, {
    answer: null,
    error: null,
    isLoading: load !== null,
    answeredAt: null,
    tookMs: null,
  });
  const runNow = useRef<() => void>(() => undefined);

  useEffect(() => {
    if (!load) return;
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let failures = 0;
    let isRunning = false;
    let hasRun = false;

    const schedule = (delayMs: number | undefined) => {
      clearTimeout(timer);
      if (delayMs !== undefined && !abort.signal.aborted) timer = setTimeout(run, delayMs);
    };
    const run = async () => {
      // A hidden page loads once, and asks again when it is shown.
      if (isRunning || (document.hidden && hasRun)) return;
      isRunning = true;
      hasRun = true;
      clearTimeout(timer);
      dispatch({ type: "start" });
      const startedAt = performance.now();
      try {
        const answer = await load(abort.signal);
        failures = 0;
        dispatch({ type: "done", answer, at: Date.now(), tookMs: performance.now() - startedAt });
        schedule(intervalMs);
      } catch (error) {
        if (abort.signal.aborted) return;
        failures += 1;
        const failure = toApiError(error);
        dispatch({ type: "failed", error: failure });
        schedule(failure.isTransient ? retryDelay(failures) : intervalMs);
      } finally {
        isRunning = false;
      }
    };
    const onShown = () => {
      if (!document.hidden && (intervalMs !== undefined || failures > 0)) void run();
    };

    runNow.current = () => void run();
    void run();
    document.addEventListener("visibilitychange", onShown);
    window.addEventListener("online", onShown);
    return () => {
      abort.abort();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", onShown);
      window.removeEventListener("online", onShown);
    };
  }, [load, intervalMs]);

  const reload = useCallback(() => runNow.current(), []);
  return { ...state, reload };
}

function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError("malformed", error instanceof Error ? error.message : String(error));
}
