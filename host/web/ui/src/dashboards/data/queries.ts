/** What a panel asks the host: its targets with all variables replaced, and their steps. Pure. */
import { formatDuration } from "../../format/duration";
import type { Zone } from "../../format/time";
import { durationMs, POINTS_DEFAULT, rateInterval, stepOf } from "../interval";
import type { Panel, Target } from "../model";
import { resolveTime, type TimeRange } from "../range";
import { withRange } from "../variables/resolve";
import { interpolate, single, type Scope } from "../variables/scope";

export interface PanelQuery {
  refId: string;
  expr: string;
  legend: string;
  isInstant: boolean;
  format: Target["format"];
  stepMs: number;
  startMs: number;
  endMs: number;
}

export interface QueryContext {
  range: TimeRange;
  /** In which days begin. */
  zone: Zone;
  scope: Scope;
  /** How wide the panel is: no more points than pixels. */
  widthPixels: number;
  scrapeMs: number;
}

/** A target may ask for a range and for an instant: those are two. */
export function queriesOf(panel: Panel, context: QueryContext): PanelQuery[] {
  const range = panelRange(panel, context);
  return panel.targets
    .filter((target) => target.expr.trim() !== "")
    .flatMap((target) => {
      const kinds = [...(target.isRange || !target.isInstant ? [false] : []), ...(target.isInstant ? [true] : [])];
      return kinds.map((isInstant) => toQuery(panel, target, isInstant, range, context));
    });
}

/** When a dashboard was last told to ask again. */
export interface Asked {
  /** Milliseconds since the epoch. */
  atMs: number;
  /** How often that was by hand. */
  times: number;
}

/**
 * What is asked, as a text: asking is repeated only where the text changes. Of a window that is over, nothing new
 * is found by itself; by hand it is asked again.
 */
export function askingOf<T extends { queries: readonly PanelQuery[] }>(asking: T, { atMs, times }: Asked): string {
  const isOpen = asking.queries.some(({ endMs }) => endMs > atMs);
  return JSON.stringify({ ...asking, times, ...(isOpen ? { atMs } : {}) });
}

function toQuery(
  panel: Panel,
  target: Target,
  isInstant: boolean,
  range: TimeRange,
  context: QueryContext,
): PanelQuery {
  const rangeMs = range.toMs - range.fromMs;
  const duration = (text: string) => durationMs(interpolate(text, context.scope, "raw"));
  const minMs = duration(target.minInterval) ?? duration(panel.minInterval) ?? context.scrapeMs;
  const points = panel.pointsMax ?? Math.min(POINTS_DEFAULT, Math.max(100, context.widthPixels));
  const stepMs = stepOf({ rangeMs, points, minMs, factor: target.intervalFactor });
  const scope = withSteps(withRange(context.scope, range), stepMs, Math.max(minMs, context.scrapeMs));
  return {
    refId: target.refId,
    expr: interpolate(target.expr, scope),
    legend: interpolate(target.legendFormat, scope, "text"),
    isInstant,
    format: target.format,
    stepMs,
    // Whole steps: the same samples are seen again when the window moves.
    startMs: isInstant ? range.toMs : Math.floor(range.fromMs / stepMs) * stepMs,
    endMs: isInstant ? range.toMs : Math.floor(range.toMs / stepMs) * stepMs,
  };
}

export function withSteps(scope: Scope, stepMs: number, scrapeMs: number): Scope {
  const rateMs = rateInterval(stepMs, scrapeMs);
  return new Map([
    ...scope,
    ["__interval", single(formatDuration(stepMs))],
    ["__interval_ms", single(String(stepMs))],
    ["__rate_interval", single(formatDuration(rateMs))],
    ["__rate_interval_ms", single(String(rateMs))],
  ]);
}

/** The range of the panel, where it has one of its own, moved where it looks back. */
export function panelRange(panel: Panel, context: Pick<QueryContext, "range" | "zone" | "scope">): TimeRange {
  const { range, zone, scope } = context;
  const ago = (text: string) => durationMs(interpolate(text, scope, "raw").replace(/^now-/, ""));
  const own = ago(panel.timeFrom);
  const fromMs = own === null ? (relative(panel.timeFrom, range.toMs, zone) ?? range.fromMs) : range.toMs - own;
  const shift = ago(panel.timeShift) ?? 0;
  return { fromMs: fromMs - shift, toMs: range.toMs - shift };
}

function relative(text: string, toMs: number, zone: Zone): number | null {
  return text.startsWith("now") ? resolveTime(text, toMs, zone, false) : null;
}
