/** What was found, by pool: with what relabeling made of it, or that it was dropped. Pure. */
import type { Labels } from "../api";
import type { AllTargets, DiscoverySource, DiscoveryStatus } from "../discoveryApi";
import { labelTexts, matchesFilter } from "../format/labels";

export interface FoundTarget {
  discovered: Labels;
  /** What relabeling left; null where it dropped the target. */
  labels: Labels | null;
}

export interface FoundPool {
  name: string;
  /** Those that pass the filter, the active before the dropped. */
  targets: FoundTarget[];
  active: number;
  dropped: number;
  /** Dropped ones that the host counts without keeping their labels. */
  forgotten: number;
  /** Where the targets come from; empty also where the host does not tell. */
  sources: DiscoverySource[];
}

export type FoundState = "" | "active" | "dropped";

export function foundPools(data: AllTargets, status: DiscoveryStatus | null, state: string, text: string): FoundPool[] {
  const pools = new Map<string, FoundPool>();
  const open = (name: string): FoundPool => {
    const pool = pools.get(name) ?? { name, targets: [], active: 0, dropped: 0, forgotten: 0, sources: [] };
    pools.set(name, pool);
    return pool;
  };
  for (const job of status?.jobs ?? []) open(job.job).sources = job.sources;
  for (const target of data.activeTargets) {
    const pool = open(target.scrapePool);
    pool.active += 1;
    pool.targets.push({ discovered: target.discoveredLabels ?? {}, labels: target.labels });
  }
  for (const target of data.droppedTargets) {
    const pool = open(target.scrapePool);
    pool.dropped += 1;
    pool.targets.push({ discovered: target.discoveredLabels, labels: null });
  }
  for (const [name, total] of Object.entries(data.droppedTargetCounts ?? {})) {
    const pool = open(name);
    pool.forgotten = Math.max(0, total - pool.dropped);
    pool.dropped += pool.forgotten;
  }
  const isFiltered = state !== "" || text.trim() !== "";
  return [...pools.values()]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((pool) => ({ ...pool, targets: pool.targets.filter((target) => isShown(target, pool.name, state, text)) }))
    .filter((pool) => pool.targets.length > 0 || !isFiltered);
}

function isShown({ discovered, labels }: FoundTarget, pool: string, state: string, text: string): boolean {
  if (state !== "" && (state === "active") !== (labels !== null)) return false;
  return matchesFilter(text, [`pool=${pool}`, ...labelTexts(discovered), ...labelTexts(labels ?? {})]);
}
