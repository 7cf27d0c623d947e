import { describe, expect, it } from "vitest";
import type { Target } from "../api";
import type { AllTargets } from "../discoveryApi";
import { foundPools } from "./pools";

const ACTIVE: Target = {
  scrapePool: "b",
  discoveredLabels: { __address__: "b1", __meta_zone: "x" },
  labels: { instance: "b1" },
  health: "up",
  scrapeUrl: "http://b1/metrics",
  lastError: "",
  lastScrape: "",
  lastScrapeDuration: 0,
};

const DATA: AllTargets = {
  activeTargets: [ACTIVE],
  droppedTargets: [{ scrapePool: "b", discoveredLabels: { __address__: "b2" } }],
  droppedTargetCounts: { a: 0, b: 3 },
};

describe("foundPools", () => {
  it("counts also the dropped whose labels are gone, and shows pools without targets", () => {
    const shape = foundPools(DATA, null, "", "").map((pool) => [pool.name, pool.active, pool.dropped, pool.forgotten]);
    expect(shape).toEqual([["a", 0, 0, 0], ["b", 1, 3, 2]]);
  });

  it("filters by what became of a target, and by labels before and after", () => {
    const addresses = (state: string, text: string) =>
      foundPools(DATA, null, state, text).flatMap((pool) => pool.targets.map((each) => each.discovered["__address__"]));
    expect(addresses("active", "")).toEqual(["b1"]);
    expect(addresses("dropped", "")).toEqual(["b2"]);
    expect(addresses("", "__meta_zone=x")).toEqual(["b1"]);
    expect(addresses("", "pool=b __address__=b2")).toEqual(["b2"]);
    expect(foundPools(DATA, null, "", "nothing")).toEqual([]);
  });

  it("tells where the targets of a pool come from", () => {
    const source = {
      mechanism: "consul",
      index: 0,
      health: "failing",
      targets: 0,
      groups: 0,
      lastSuccess: null,
      failingSince: null,
      lastError: "refused",
      failures: 1,
    };
    const status = { jobs: [{ job: "c", targets: 0, lastUpdate: null, sources: [source] }], alertmanagers: [] };
    expect(foundPools(DATA, status, "", "").find((pool) => pool.name === "c")?.sources).toEqual([source]);
  });
});
