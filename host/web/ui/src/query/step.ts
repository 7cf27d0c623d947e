/** The step and the window of a range query. Pure. */
import { parseDuration } from "../format/duration";
import type { Density, PanelState, Resolution } from "./panel";

/** The API refuses more points than this per series. */
export const POINTS_MAX = 11_000;

const POINTS: Record<Density, number> = { low: 100, medium: 250, high: 750 };
const STEP_MIN_MS: Record<Density, number> = { low: 1_000, medium: 1_000, high: 250 };

/** The step in milliseconds for a window of `rangeMs`. A chosen density stays far below `POINTS_MAX`. */
export function stepFor(rangeMs: number, resolution: Resolution): number {
  if (resolution.type === "fixed") return Math.max(1, resolution.stepMs);
  const wanted = Math.floor(rangeMs / POINTS[resolution.density]);
  // Whole seconds from the first one on: nobody wants to read 3s600ms.
  const readable = wanted < 1_000 ? wanted : Math.floor(wanted / 1_000) * 1_000;
  return Math.max(STEP_MIN_MS[resolution.density], readable);
}

/** The smallest fixed step that the API accepts for a window. */
export function smallestStep(rangeMs: number): number {
  return Math.max(1, Math.ceil(rangeMs / (POINTS_MAX - 1)));
}

export interface Window {
  startMs: number;
  endMs: number;
  stepMs: number;
}

/**
 * The window of a panel's graph. The end is not aligned to the step, so that the newest samples are
 * seen; but "now" is a whole second where the step is.
 */
export function windowOf(panel: Pick<PanelState, "end" | "rangeMs" | "resolution">, now: number): Window {
  const stepMs = stepFor(panel.rangeMs, panel.resolution);
  const current = stepMs % 1_000 === 0 ? Math.floor(now / 1_000) * 1_000 : Math.round(now);
  const endMs = panel.end ?? current;
  return { startMs: endMs - panel.rangeMs, endMs, stepMs };
}

const RANGES = [
  "1s", "10s", "1m", "5m", "15m", "30m", "1h", "2h", "6h", "12h",
  "1d", "2d", "1w", "2w", "4w", "8w", "1y", "2y",
].map((text) => parseDuration(text) ?? 0);

/** The next wider (+1) or narrower (-1) range of the usual ladder. */
export function neighborRange(rangeMs: number, direction: 1 | -1): number {
  const found =
    direction === 1
      ? RANGES.find((each) => each > rangeMs)
      : RANGES.findLast((each) => each < rangeMs);
  return found ?? rangeMs;
}
