import { expect, it } from "vitest";
import { blockRows, blockTotals } from "./blockRows";

const OLD = {
  ulid: "01A",
  minTime: 0,
  maxTime: 7_200_000,
  stats: { numSamples: 10, numSeries: 2, numChunks: 2, numTombstones: 1 },
  compaction: { level: 2, hints: ["from-out-of-order"] },
};
const NEW = { ulid: "01B", minTime: 7_200_000, maxTime: 14_400_000 };

it("lists the newest first, and takes what is left out for none", () => {
  const rows = blockRows([OLD, NEW]);
  expect(rows.map((row) => row.ulid)).toEqual(["01B", "01A"]);
  expect(rows[0]).toMatchObject({ samples: 0, series: 0, tombstones: 0, level: 1, hints: [] });
});

it("adds up", () => expect(blockTotals(blockRows([OLD, NEW, OLD]))).toEqual({ samples: 20, tombstones: 2 }));
