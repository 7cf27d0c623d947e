// Durations as Prometheus writes them: `30s`, `1h30m`, `250ms`.

import { PluginError } from "./error.ts";

/** Units in milliseconds, largest first. A duration names each at most once and in this order. */
const UNITS = { y: 31_536_000_000, w: 604_800_000, d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };

const DURATION = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;

/** Milliseconds of a duration; `key` names it when it is none. `0` needs no unit. */
export function durationMs(text: string, key = "duration"): number {
  const found = text === "" ? null : DURATION.exec(text === "0" ? "0s" : text);
  if (found === null) {
    throw PluginError.config(`${key}: ${JSON.stringify(text)} is no duration, as 30s and 1h30m are`).detail("key", key);
  }
  const units = Object.values(UNITS);
  return found.slice(1).reduce((sum, digits, at) => sum + Number(digits ?? 0) * (units[at] ?? 0), 0);
}
