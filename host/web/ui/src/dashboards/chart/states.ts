/** Fields as rows of states over time: which stood when, and how each is called and colored. Pure. */
import { cellsOf } from "../data/drawn";
import type { Field } from "../data/fields";
import type { Cell } from "../data/table";
import type { FieldConfig } from "../model";
import type { TimeRange } from "../range";
import { colorOf } from "../values/colors";
import { showValue, valueText, type DisplayContext } from "../values/display";
import { mapValue } from "../values/mappings";
import { shareOf } from "../values/thresholds";
import { joinFormatted } from "../values/units";

export interface StateSpan {
  fromMs: number;
  toMs: number;
  text: string;
  color: string;
  cell: Cell;
}

export interface StateRow {
  key: string;
  name: string;
  field: Field;
  /** In the order of time, without those that lie outside of the range. */
  spans: StateSpan[];
}

/** How far apart samples may be before there is a hole, in steps. */
const GAP_STEPS = 1.5;

interface Sample extends Pick<StateSpan, "text" | "color" | "cell"> {
  atMs: number;
}

/** A state lasts until the next one; equal ones that follow each other are one, if `isMerged`. */
export function timelineRows(fields: readonly Field[], range: TimeRange, isMerged: boolean, context: DisplayContext): StateRow[] {
  return fields.map((field) => {
    const { stepMs } = field.series;
    const samples = samplesOf(field, isMerged, context);
    const spans: StateSpan[] = [];
    samples.forEach(({ atMs, ...state }, index) => {
      const next = samples[index + 1]?.atMs ?? null;
      const toMs = endOf(atMs, next, stepMs, field.config.graph.spanNulls, range);
      const last = spans.at(-1);
      const isSame = isMerged && last?.toMs === atMs && last.text === state.text && last.color === state.color;
      if (isSame) last.toMs = toMs;
      else spans.push({ ...state, fromMs: atMs, toMs });
    });
    return toRow(field, spans, range);
  });
}

function endOf(atMs: number, next: number | null, stepMs: number | null, spanNulls: boolean | number, range: TimeRange): number {
  // A single sample holds from then on.
  if (next === null) return stepMs === null ? range.toMs : Math.min(range.toMs, atMs + stepMs);
  const longest = spanNulls === true || stepMs === null ? Number.POSITIVE_INFINITY : spanNulls === false ? stepMs * GAP_STEPS : spanNulls;
  return next - atMs > longest ? atMs + (stepMs ?? 0) : next;
}

/** A mark for each sample, around its time. */
export function historyRows(fields: readonly Field[], range: TimeRange, context: DisplayContext): StateRow[] {
  return fields.map((field) => {
    const half = (field.series.stepMs ?? smallestStep(field.series.times) ?? (range.toMs - range.fromMs) / 10) / 2;
    const spans = samplesOf(field, false, context).map(({ atMs, ...state }) => ({
      ...state,
      fromMs: atMs - half,
      toMs: atMs + half,
    }));
    return toRow(field, spans, range);
  });
}

function smallestStep(times: readonly number[]): number | null {
  const steps = times.slice(1).map((time, index) => time - (times[index] ?? time));
  const found = steps.filter((step) => step > 0);
  return found.length === 0 ? null : Math.min(...found);
}

function toRow(field: Field, spans: readonly StateSpan[], range: TimeRange): StateRow {
  const seen = spans.flatMap((span) => {
    const [fromMs, toMs] = [Math.max(range.fromMs, span.fromMs), Math.min(range.toMs, span.toMs)];
    return toMs > fromMs ? [{ ...span, fromMs, toMs }] : [];
  });
  return { key: field.key, name: field.name, field, spans: seen };
}

function samplesOf(field: Field, isMerged: boolean, context: DisplayContext): Sample[] {
  return cellsOf(field.series).flatMap((cell, index) => {
    const atMs = field.series.times[index];
    return cell === null || atMs === undefined ? [] : [{ ...stateOf(cell, field, isMerged, context), atMs, cell }];
  });
}

function stateOf(cell: Cell, field: Field, isMerged: boolean, context: DisplayContext): { text: string; color: string } {
  const { config, bounds, index } = field;
  const isMapped = (mapValue(config.mappings, cell)?.text ?? null) !== null;
  if (isMerged && !isMapped && config.colorMode === "thresholds" && typeof cell === "number") {
    const step = thresholdState(cell, field, context);
    if (step) return step;
  }
  const shown = showValue(cell, config, bounds, index, context);
  return { text: joinFormatted(shown), color: shown.color };
}

/** Values that are told apart by nothing but the thresholds they have reached. */
function thresholdState(value: number, { config, bounds }: Field, context: DisplayContext): { text: string; color: string } | null {
  const { steps, isPercentage } = config.thresholds;
  if (steps.length < 2) return null;
  const reached = isPercentage ? shareOf(value, bounds.min, bounds.max) * 100 : value;
  const at = steps.findLastIndex((step) => reached >= step.from);
  const step = steps[Math.max(0, at)];
  if (!step || Number.isNaN(reached)) return null;
  const plain: FieldConfig = isPercentage ? { ...config, unit: "percent", mappings: [] } : { ...config, mappings: [] };
  const text = (bound: number) => valueText(bound, plain, context.zone);
  const isFirst = step.from === Number.NEGATIVE_INFINITY;
  return {
    text: isFirst ? `< ${text(steps[1]?.from ?? 0)}` : `${text(step.from)}+`,
    color: colorOf(step.color, context.scheme),
  };
}

/** The state of a row at a moment. */
export function spanAt({ spans }: StateRow, atMs: number): StateSpan | null {
  return spans.find((span) => span.fromMs <= atMs && atMs < span.toMs) ?? null;
}

export interface StateShare {
  text: string;
  color: string;
  /** Of all rows, in milliseconds. */
  totalMs: number;
}

/** How long each state was seen, the longest first. */
export function sharesOf(rows: readonly StateRow[]): StateShare[] {
  const shares = new Map<string, StateShare>();
  for (const { text, color, fromMs, toMs } of rows.flatMap((row) => row.spans)) {
    const key = `${color} ${text}`;
    const found = shares.get(key) ?? { text, color, totalMs: 0 };
    found.totalMs += toMs - fromMs;
    shares.set(key, found);
  }
  return [...shares.values()].sort((a, b) => b.totalMs - a.totalMs);
}
