/**
 * A request to the host as a React value: loads, keeps the last good answer while a newer one is on
 * its way, polls, and tries again by itself while the host is away.
 */
import { useCallback, useEffect, useReducer, useRef } from "react";
import type { Answer, ApiError } from "../api";
import { startRequests, type RequestLoop } from "./requestLoop";

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
  /** Asks now; what is under way is given up. */
  reload: () => void;
}

interface Options {
  /** Poll this often while the page is visible. Without it the request is sent once per `load`. */
  intervalMs?: number;
  /** The answer to another `load` is no answer to this one: it is forgotten at once. */
  isExact?: boolean;
}

type Load<T> = (signal: AbortSignal) => Promise<Answer<T>>;

type Action<T> =
  | { type: "start"; load: Load<T>; isExact: boolean }
  | { type: "done"; answer: Answer<T>; at: number; tookMs: number }
  | { type: "failed"; error: ApiError }
  | { type: "stopped" };

interface State<T> extends Omit<RequestState<T>, "reload"> {
  /** What was asked last. */
  load: Load<T> | null;
}

const NOTHING = { answer: null, error: null, answeredAt: null, tookMs: null };

function reduce<T>(state: State<T>, action: Action<T>): State<T> {
  switch (action.type) {
    case "start": {
      const isOther = action.isExact && state.load !== action.load;
      return { ...state, ...(isOther ? NOTHING : {}), load: action.load, isLoading: true };
    }
    case "done": {
      const { answer, at, tookMs } = action;
      return { load: state.load, answer, error: null, isLoading: false, answeredAt: at, tookMs };
    }
    case "failed":
      return { ...state, error: action.error, isLoading: false };
    case "stopped":
      return { ...state, isLoading: false };
  }
}

/**
 * Runs `load` now, whenever it changes, and at the interval. `load` must be stable (`useCallback` or a
 * function of the module); null means that there is nothing to ask. The old answer stays until the new
 * one is there; where it would mislead, say `isExact`, or give the component another `key`.
 */
export function useRequest<T>(load: Load<T> | null, options: Options = {}): RequestState<T> {
  const { intervalMs, isExact = false } = options;
  const [state, dispatch] = useReducer(reduce<T>, { ...NOTHING, load, isLoading: load !== null });
  const loop = useRef<RequestLoop | null>(null);

  useEffect(() => {
    if (!load) return;
    const requests = startRequests(
      load,
      { intervalMs, isHidden: () => document.hidden },
      {
        onStart: () => dispatch({ type: "start", load, isExact }),
        onDone: (answer, tookMs) => dispatch({ type: "done", answer, at: Date.now(), tookMs }),
        onFailed: (error) => dispatch({ type: "failed", error }),
      },
    );
    loop.current = requests;
    document.addEventListener("visibilitychange", requests.wake);
    window.addEventListener("online", requests.wake);
    return () => {
      loop.current = null;
      requests.stop();
      dispatch({ type: "stopped" });
      document.removeEventListener("visibilitychange", requests.wake);
      window.removeEventListener("online", requests.wake);
    };
  }, [load, intervalMs, isExact]);

  const reload = useCallback(() => loop.current?.reload(), []);
  const { load: asked, ...known } = state;
  if (isExact && asked !== load) return { ...NOTHING, isLoading: load !== null, reload };
  return { ...known, reload };
}
