/** Which step of thresholds a value has reached. Pure. */
import type { Thresholds } from "../model";

/** Where a value lies between the bounds of its field: 0 to 1, or beyond. */
export function shareOf(value: number, min: number, max: number): number {
  const share = (value - min) / (max - min);
  return Number.isFinite(share) ? share : 0;
}

/** The color of the last step that the value has reached; null without steps. */
export function thresholdColor(thresholds: Thresholds, value: number, share: number): string | null {
  const reached = thresholds.isPercentage ? share * 100 : value;
  let color = thresholds.steps[0]?.color ?? null;
  for (const step of thresholds.steps) {
    if (!(reached >= step.from)) break;
    color = step.color;
  }
  return color;
}

/** The steps in the unit of the field, for marks beside a scale. */
export function absoluteSteps(thresholds: Thresholds, min: number, max: number): { from: number; color: string }[] {
  if (!thresholds.isPercentage) return thresholds.steps;
  return thresholds.steps.map((step) => ({ ...step, from: min + ((max - min) * step.from) / 100 }));
}
