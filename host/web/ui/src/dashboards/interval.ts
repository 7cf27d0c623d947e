/** Steps of queries and the ranges they stand in. Pure; steps are compared with Grafana's by interval.test.ts. */
import { parseDuration } from "../format/duration";

/** The API refuses more points than this per series. */
const POINTS_MAX = 11_000;
/** Where a panel does not say how many points it wants, it is as many as it is wide; no more than this. */
export const POINTS_DEFAULT = 1_500;

/** An interval in milliseconds below the first number becomes the second. */
const ROUNDED: readonly [below: number, step: number][] = [
  [10, 1], [15, 10], [35, 20], [75, 50], [150, 100], [350, 200], [750, 500],
  [1_500, 1_000], [3_500, 2_000], [7_500, 5_000], [12_500, 10_000], [17_500, 15_000], [25_000, 20_000], [45_000, 30_000],
  [90_000, 60_000], [210_000, 120_000], [450_000, 300_000], [750_000, 600_000], [1_050_000, 900_000], [1_500_000, 1_200_000],
  [2_700_000, 1_800_000], [5_400_000, 3_600_000], [9_000_000, 7_200_000], [16_200_000, 10_800_000], [32_400_000, 21_600_000],
  [86_400_000, 43_200_000], [604_800_000, 86_400_000], [1_814_400_000, 604_800_000], [3_628_800_000, 2_592_000_000],
];
const LONGEST_STEP_MS = 31_536_000_000;

export function roundedInterval(ms: number): number {
  return ROUNDED.find(([below]) => ms < below)?.[1] ?? LONGEST_STEP_MS;
}

export interface StepWishes {
  rangeMs: number;
  points: number;
  /** The smallest step that makes sense: that of the panel or target, else how often is scraped. */
  minMs: number;
  /** Old panels ask for fewer points by a factor. */
  factor: number;
}

export function stepOf({ rangeMs, points, minMs, factor }: StepWishes): number {
  const wanted = Math.max(roundedInterval(rangeMs / Math.max(1, points)), minMs) * Math.max(1, factor);
  const safe = rangeMs / POINTS_MAX;
  if (wanted >= safe) return wanted;
  return ROUNDED.find(([, step]) => step >= safe)?.[1] ?? Math.max(LONGEST_STEP_MS, Math.ceil(safe));
}

/** The window of `rate()`: it always holds enough scrapes, however small the step. */
export function rateInterval(stepMs: number, scrapeMs: number): number {
  return Math.max(stepMs + scrapeMs, 4 * scrapeMs);
}

/** "1m", ">15s", "90": milliseconds; null where it is no duration. */
export function durationMs(text: string): number | null {
  const ms = parseDuration(text.trim().replace(/^>/, ""));
  return ms !== null && ms > 0 ? ms : null;
}

/** How often the host scrapes, by its configuration. */
export function scrapeIntervalOf(yaml: string): number {
  const global = /^global:(.*(?:\n[ \t]+.*)*)/m.exec(yaml)?.[1] ?? "";
  return durationMs(/scrape_interval:\s*["']?([\w.]+)/.exec(global)?.[1] ?? "") ?? SCRAPE_DEFAULT_MS;
}

/** What a configuration that does not say means. */
export const SCRAPE_DEFAULT_MS = 60_000;
