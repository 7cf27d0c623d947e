import { expect, it } from "vitest";
import type { PluginAmounts } from "../api";
import { budgetRows } from "./budgets";

const NOTHING: PluginAmounts = {
  memoryBytes: 0,
  cpuSeconds: 0,
  wallSeconds: 0,
  resultBytes: 0,
  requests: 0,
  bytesIn: 0,
  bytesOut: 0,
  logLines: 0,
  samples: 0,
  kvBytes: 0,
};

it("sets what was spent against what may be", () => {
  const rows = budgetRows({
    kind: "exporter",
    limits: { ...NOTHING, memoryBytes: 64 << 20, cpuSeconds: 1, requests: 0, samples: 200_000 },
    peaks: { ...NOTHING, memoryBytes: 16 << 20, cpuSeconds: 1.5, requests: 1 },
    exceeded: [{ budget: "requests", total: 3, lastAt: "2026-01-01T00:00:00Z" }],
  });
  const row = (budget: string) => rows.find((each) => each.budget === budget);
  expect(row("memory")).toMatchObject({ peak: "16 MiB", limit: "64 MiB", share: 0.25, exceeded: 0 });
  expect(row("cpu")).toMatchObject({ peak: "1.5 s", share: 1 });
  expect(row("requests")).toMatchObject({ peak: "1", limit: "0", share: 1, exceeded: 3 });
  expect(row("samples")).toBeDefined();
});

it("knows that only exporters answer samples", () => {
  const rows = budgetRows({ kind: "notifier", limits: NOTHING, peaks: NOTHING, exceeded: [] });
  expect(rows.map((row) => row.budget)).not.toContain("samples");
});
