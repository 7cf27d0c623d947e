/** Which labels tell series apart, and by which values. Pure. */
import type { Labels } from "../api";

export interface LabelSummary {
  name: string;
  values: number;
  /** The values that most have, as many as were asked for. */
  frequent: { value: string; series: number }[];
}

/** Without the name of the metric; labels with the most values first. */
export function summarizeLabels(sets: readonly Labels[], valuesMax: number): LabelSummary[] {
  const counts = new Map<string, Map<string, number>>();
  for (const labels of sets) {
    for (const [name, value] of Object.entries(labels)) {
      if (name === "__name__") continue;
      const values = counts.get(name) ?? new Map<string, number>();
      values.set(value, (values.get(value) ?? 0) + 1);
      counts.set(name, values);
    }
  }
  return [...counts]
    .map(([name, values]) => ({ name, values: values.size, frequent: mostFrequent(values, valuesMax) }))
    .sort((a, b) => b.values - a.values || (a.name < b.name ? -1 : 1));
}

function mostFrequent(values: ReadonlyMap<string, number>, most: number): LabelSummary["frequent"] {
  return [...values]
    .map(([value, series]) => ({ value, series }))
    .sort((a, b) => b.series - a.series || (a.value < b.value ? -1 : 1))
    .slice(0, most);
}
