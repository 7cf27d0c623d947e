/** Events to draw over graphs: what annotations ask, and what they make of the answer. Pure. */
import type { Labels, QueryData } from "../../api";
import { formatTime, type Zone } from "../../format/time";
import { durationMs, stepOf } from "../interval";
import type { Annotation } from "../model";
import type { TimeRange } from "../range";
import { withRange } from "../variables/resolve";
import { interpolate, type Scope } from "../variables/scope";
import { fillLegend } from "./legend";
import { withSteps } from "./queries";
import { toSeries } from "./series";

export interface AnnotationEvent {
  annotation: Annotation;
  startMs: number;
  /** As the start, of what is a moment. */
  endMs: number;
  title: string;
  text: string;
  tags: string[];
}

export interface AnnotationQuery {
  expr: string;
  startMs: number;
  endMs: number;
  stepMs: number;
}

const STEP_DEFAULT_MS = 60_000;
/** As many moments as can be told apart on a screen. */
const POINTS = 1_000;
/** More than this hides what it explains. */
export const EVENTS_MAX = 500;

export function annotationQuery(
  { expr, step }: Annotation,
  { range, scope, scrapeMs }: { range: TimeRange; scope: Scope; scrapeMs: number },
): AnnotationQuery {
  const minMs = durationMs(interpolate(step, scope, "raw")) ?? STEP_DEFAULT_MS;
  const stepMs = stepOf({ rangeMs: range.toMs - range.fromMs, points: POINTS, minMs, factor: 1 });
  return {
    expr: interpolate(expr, withSteps(withRange(scope, range), stepMs, scrapeMs)),
    startMs: Math.floor(range.fromMs / stepMs) * stepMs,
    endMs: Math.floor(range.toMs / stepMs) * stepMs,
    stepMs,
  };
}

/** The events of an answer, the earliest first. */
export function eventsOf(annotation: Annotation, query: AnnotationQuery, data: QueryData): AnnotationEvent[] {
  const { series } = toSeries(
    { ...query, refId: annotation.name, legend: "", isInstant: false, format: "time_series" },
    data,
    query.endMs,
  );
  return series
    .flatMap(({ labels, times, values }) => {
      const words = wordsOf(annotation, labels);
      return spansOf(momentsOf(annotation, times, values), query.stepMs).map((span) => ({ ...words, ...span }));
    })
    .sort((a, b) => a.startMs - b.startMs);
}

function momentsOf(
  { usesValueAsTime }: Annotation,
  times: readonly number[],
  values: readonly (number | null)[],
): number[] {
  if (usesValueAsTime)
    return values.flatMap((value) => (value !== null && Number.isFinite(value) ? Math.floor(value) : []));
  return times.filter((_time, index) => (values[index] ?? 0) > 0);
}

/** Moments that are no further apart than a step are one event. */
function spansOf(moments: readonly number[], stepMs: number): { startMs: number; endMs: number }[] {
  const spans: { startMs: number; endMs: number }[] = [];
  for (const at of [...moments].sort((a, b) => a - b)) {
    const open = spans.at(-1);
    if (open && at <= open.endMs + stepMs) open.endMs = at;
    else spans.push({ startMs: at, endMs: at });
  }
  return spans;
}

function wordsOf(annotation: Annotation, labels: Labels): Omit<AnnotationEvent, "startMs" | "endMs"> {
  return {
    annotation,
    title: fillLegend(annotation.title, labels) || annotation.name,
    text: fillLegend(annotation.text, labels),
    tags: annotation.tagKeys.flatMap((key) => labels[key] ?? []),
  };
}

/** When it was, in words. */
export function spanText({ startMs, endMs }: AnnotationEvent, zone: Zone): string {
  const [from, to] = [formatTime(startMs, zone), formatTime(endMs, zone)];
  return from === to ? from : `${from} to ${to}`;
}

/** Whether a panel shows the events of an annotation. Copies of a panel and panels with one id are as the first. */
export function isShownIn({ panels }: Annotation, panelKey: string): boolean {
  return panels === null || panels.keys.includes(/^[^/]*/.exec(panelKey)?.[0] ?? panelKey) !== panels.isExclusion;
}
