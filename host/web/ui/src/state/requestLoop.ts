/**
 * A request that is sent again: at an interval, after a failure, when the page is shown, when it is told to.
 *
 * Invariant: one request is under way at most, and only the newest one is heard.
 */
import { ApiError } from "../api";

export interface RequestLoop {
  /** Asks now. What is under way may be older than what was just done: it is given up. */
  reload: () => void;
  /** The page is shown, or the network is back. */
  wake: () => void;
  /** Gives up what is under way, and asks no more. */
  stop: () => void;
}

interface Listener<A> {
  onStart: () => void;
  onDone: (answer: A, tookMs: number) => void;
  onFailed: (error: ApiError) => void;
}

interface Options {
  /** Without it, a request that succeeded is not sent again. */
  intervalMs: number | undefined;
  /** A hidden page loads once, and asks again when it is shown. */
  isHidden: () => boolean;
}

const RETRY_FIRST_MS = 2_000;
const RETRY_MAX_MS = 15_000;

/** How long to wait before trying again after `failures` failures in a row. Pure. */
export function retryDelay(failures: number): number {
  return Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** Math.min(10, Math.max(0, failures - 1)));
}

/** Asks at once, and then as `RequestLoop` says. */
export function startRequests<A>(
  load: (signal: AbortSignal) => Promise<A>,
  { intervalMs, isHidden }: Options,
  listener: Listener<A>,
): RequestLoop {
  let running: AbortController | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;

  const schedule = (delayMs: number | undefined) => {
    clearTimeout(timer);
    if (delayMs !== undefined) timer = setTimeout(poll, delayMs);
  };
  const poll = () => {
    if (!isHidden() && !running) void ask();
  };
  const ask = async () => {
    clearTimeout(timer);
    running?.abort();
    const abort = new AbortController();
    running = abort;
    listener.onStart();
    const startedAt = performance.now();
    try {
      const answer = await load(abort.signal);
      if (running !== abort) return;
      running = null;
      failures = 0;
      listener.onDone(answer, performance.now() - startedAt);
      schedule(intervalMs);
    } catch (error) {
      if (running !== abort) return;
      running = null;
      failures += 1;
      const failure = toApiError(error);
      listener.onFailed(failure);
      schedule(failure.isTransient ? retryDelay(failures) : intervalMs);
    }
  };

  void ask();
  return {
    reload: () => void ask(),
    wake: () => {
      if (intervalMs !== undefined || failures > 0) poll();
    },
    stop: () => {
      clearTimeout(timer);
      running?.abort();
      running = null;
    },
  };
}

function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError("malformed", error instanceof Error ? error.message : String(error));
}
