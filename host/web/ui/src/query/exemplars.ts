/** Exemplars as marks over a graph. Pure. */
import type { Labels } from "../api";
import { parseValue } from "../format/value";
import type { ExemplarSeries } from "../queryApi";
import type { Window } from "./step";

/** More marks than this cover the graph. */
export const MARKS_MAX = 300;

/** The window is cut into this many parts; where there are too many marks, each part keeps some. */
const PARTS = 100;

export interface ExemplarMark {
  atMs: number;
  value: number;
  /** What the exemplar says, as its trace. */
  labels: Labels;
  /** The series that it is an example of. */
  series: Labels;
}

export interface ExemplarMarks {
  /** By time. */
  marks: ExemplarMark[];
  /** Exemplars of the window that are not in `marks`. */
  cut: number;
}

export const NO_EXEMPLARS: ExemplarMarks = { marks: [], cut: 0 };

export function toMarks(data: readonly ExemplarSeries[] | null, window: Window): ExemplarMarks {
  const all = (data ?? [])
    .flatMap(({ seriesLabels, exemplars }) =>
      exemplars.map(({ labels, value, timestamp }) => ({
        atMs: timestamp * 1000,
        value: parseValue(value),
        labels,
        series: seriesLabels,
      })),
    )
    .filter(({ atMs, value }) => Number.isFinite(value) && atMs >= window.startMs && atMs <= window.endMs)
    .sort((a, b) => a.atMs - b.atMs);
  const marks = all.length > MARKS_MAX ? thinned(all, window) : all;
  return { marks, cut: all.length - marks.length };
}

/** Of each part of the window the largest, the smallest and those that stand evenly between them. */
function thinned(all: readonly ExemplarMark[], window: Window): ExemplarMark[] {
  const parts = new Map<number, ExemplarMark[]>();
  for (const mark of all) {
    const at = Math.floor(((mark.atMs - window.startMs) * PARTS) / (window.endMs - window.startMs));
    const part = parts.get(at);
    if (part) part.push(mark);
    else parts.set(at, [mark]);
  }
  const each = Math.max(2, Math.floor(MARKS_MAX / parts.size));
  return [...parts.values()].flatMap((part) => evenly(part, each)).sort((a, b) => a.atMs - b.atMs);
}

function evenly(part: readonly ExemplarMark[], amount: number): ExemplarMark[] {
  if (part.length <= amount) return [...part];
  const byValue = [...part].sort((a, b) => a.value - b.value);
  const chosen = Array.from({ length: amount }, (_, index) => Math.round((index * (part.length - 1)) / (amount - 1)));
  return chosen.flatMap((index) => byValue[index] ?? []);
}

/** The mark nearest to a point, within `reach` pixels; null where there is none. */
export function nearestMark(
  places: readonly { left: number; top: number }[],
  point: { left: number; top: number },
  reach: number,
): number | null {
  let nearest: number | null = null;
  let best = reach;
  places.forEach((place, index) => {
    const distance = Math.hypot(place.left - point.left, place.top - point.top);
    if (distance > best) return;
    best = distance;
    nearest = index;
  });
  return nearest;
}
