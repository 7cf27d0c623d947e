// Time, as the host tells it. Tests can steer it, which they cannot do with `Date`.

import { byName } from "./error.ts";
import { host } from "./host.ts";

/** Milliseconds since the Unix epoch. */
export function nowMs(): number {
  return host().wallMs();
}

/** Milliseconds left to this call. */
export function deadlineMs(): number {
  return host().deadlineMs();
}

/** Sleeps, at most until the deadline. The host's thread serves others meanwhile. */
export function sleepMs(ms: number): void {
  host().sleepMs(ms);
}

/** How the kernel keeps the wall clock in step, by the names of `adjtimex(2)` and in its units. */
export function discipline(): Record<string, string> {
  return byName(host().discipline());
}

/** Starts to measure; each call of what it returns tells the seconds since. */
export function stopwatch(): () => number {
  const started = host().monotonicNs();
  return () => (host().monotonicNs() - started) / 1e9;
}
