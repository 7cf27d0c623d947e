/** What the calls of a plugin spent of what they may. Pure. */
import type { Plugin, PluginAmounts } from "../api";
import { humanizeSeconds } from "../format/duration";
import { formatBytes, formatValue } from "../format/value";

export interface BudgetRow {
  /** As the configuration and the metrics name it. */
  budget: string;
  label: string;
  /** The most that one call spent, and what it may, for people. */
  peak: string;
  limit: string;
  /** Between 0 and 1. */
  share: number;
  exceeded: number;
}

const ROWS: readonly [keyof PluginAmounts, string, string, (amount: number) => string][] = [
  ["memoryBytes", "memory", "Memory", formatBytes],
  ["cpuSeconds", "cpu", "Processor time", humanizeSeconds],
  ["wallSeconds", "wall", "Wall time", humanizeSeconds],
  ["resultBytes", "result", "Answer", formatBytes],
  ["samples", "samples", "Samples", formatValue],
  ["requests", "requests", "Requests", formatValue],
  ["bytesIn", "bytes_in", "From the network", formatBytes],
  ["bytesOut", "bytes_out", "To the network", formatBytes],
  ["logLines", "log_lines", "Log lines", formatValue],
  ["kvBytes", "kv", "Kept", formatBytes],
];

/** One row a budget; only exporters answer samples. */
export function budgetRows(plugin: Pick<Plugin, "kind" | "limits" | "peaks" | "exceeded">): BudgetRow[] {
  return ROWS.filter(([key]) => key !== "samples" || plugin.kind === "exporter").map(([key, budget, label, format]) => {
    const [peak, limit] = [plugin.peaks[key], plugin.limits[key]];
    return {
      budget,
      label,
      peak: format(peak),
      limit: format(limit),
      share: limit > 0 ? Math.min(1, peak / limit) : Number(peak > 0),
      exceeded: plugin.exceeded.find((each) => each.budget === budget)?.total ?? 0,
    };
  });
}
