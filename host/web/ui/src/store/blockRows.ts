/** The blocks of the store, the newest first, and what they are together. Pure. */
import type { BlockMeta } from "../statusApi";

export interface BlockRow {
  ulid: string;
  startMs: number;
  endMs: number;
  series: number;
  samples: number;
  chunks: number;
  tombstones: number;
  /** How often it was compacted; 1 is fresh from the head. */
  level: number;
  /** What a reader should know besides, e.g. "from-out-of-order". */
  hints: string[];
}

export interface BlockTotals {
  samples: number;
  /** Deleted intervals that still take room. */
  tombstones: number;
}

export function blockRows(blocks: readonly BlockMeta[]): BlockRow[] {
  return blocks
    .map(({ ulid, minTime, maxTime, stats, compaction }) => ({
      ulid,
      startMs: minTime,
      endMs: maxTime,
      series: stats?.numSeries ?? 0,
      samples: stats?.numSamples ?? 0,
      chunks: stats?.numChunks ?? 0,
      tombstones: stats?.numTombstones ?? 0,
      level: compaction?.level ?? 1,
      hints: compaction?.hints ?? [],
    }))
    .sort((a, b) => b.startMs - a.startMs || (a.ulid < b.ulid ? 1 : -1));
}

export function blockTotals(rows: readonly BlockRow[]): BlockTotals {
  return {
    samples: rows.reduce((sum, row) => sum + row.samples, 0),
    tombstones: rows.reduce((sum, row) => sum + row.tombstones, 0),
  };
}
