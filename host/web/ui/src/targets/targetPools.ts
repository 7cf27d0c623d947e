/** Targets as the page shows them: by pool, filtered, the unhealthy first. Pure. */
import type { Target, TargetHealth, TargetsData } from "../api";
import { labelTexts, matchesFilter } from "../format/labels";

export interface Pool {
  name: string;
  targets: Target[];
  /** Of all targets of the pool, not only those that pass the filter. */
  up: number;
  total: number;
  dropped: number;
}

const ORDER: readonly TargetHealth[] = ["down", "unknown", "up"];

export function targetPools(data: TargetsData, health: string, text: string): Pool[] {
  const pools = new Map<string, Target[]>();
  for (const target of data.activeTargets) {
    const pool = pools.get(target.scrapePool);
    if (pool) pool.push(target);
    else pools.set(target.scrapePool, [target]);
  }
  return [...pools]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, targets]) => ({
      name,
      up: targets.filter((target) => target.health === "up").length,
      total: targets.length,
      dropped: data.droppedTargetCounts?.[name] ?? 0,
      targets: targets
        .filter((target) => health === "" || target.health === health)
        .filter((target) => matchesFilter(text, [name, target.scrapeUrl, target.lastError, ...labelTexts(target.labels)]))
        .sort((a, b) => ORDER.indexOf(a.health) - ORDER.indexOf(b.health)),
    }))
    .filter((pool) => pool.targets.length > 0);
}

export function countHealth(targets: readonly Target[]): Record<TargetHealth, number> {
  const counts: Record<TargetHealth, number> = { up: 0, down: 0, unknown: 0 };
  for (const target of targets) counts[target.health] += 1;
  return counts;
}
