import { expect, it } from "vitest";
import type { Target } from "../api";
import { countHealth, targetPools } from "./targetPools";

function target(scrapePool: string, instance: string, health: Target["health"]): Target {
  return {
    scrapePool,
    health,
    labels: { job: scrapePool, instance },
    scrapeUrl: `http://${instance}/metrics`,
    lastError: "",
    lastScrape: "",
    lastScrapeDuration: 0,
  };
}

const TARGETS = [target("b", "b1", "up"), target("a", "a1", "up"), target("a", "a2", "down")];

it("groups by pool, the unhealthy first", () => {
  const pools = targetPools({ activeTargets: TARGETS, droppedTargetCounts: { b: 2 } }, "", "");
  expect(pools.map((pool) => [pool.name, pool.up, pool.total, pool.dropped])).toEqual([
    ["a", 1, 2, 0],
    ["b", 1, 1, 2],
  ]);
  expect(pools[0]?.targets.map((each) => each.labels["instance"])).toEqual(["a2", "a1"]);
});

it("filters by health and by words, and leaves empty pools out", () => {
  expect(targetPools({ activeTargets: TARGETS }, "down", "").map((pool) => pool.name)).toEqual(["a"]);
  expect(targetPools({ activeTargets: TARGETS }, "", "instance=b1").map((pool) => pool.name)).toEqual(["b"]);
});

it("counts by health", () => expect(countHealth(TARGETS)).toEqual({ up: 2, down: 1, unknown: 0 }));
