import assert from "node:assert/strict";
import { test } from "node:test";

import { durationMs } from "@narthex/sdk";

test("durations are read as Prometheus writes them", () => {
  const known: [string, number][] = [["0", 0], ["250ms", 250], ["5m", 300_000], ["1h30m", 5_400_000], ["1y2w3d", 33_004_800_000]];
  for (const [text, ms] of known) assert.equal(durationMs(text), ms, text);
});

test("what is no duration is refused by its key", () => {
  for (const text of ["", "5", "s", "1m1h", "1m1m", "1.5s", "-1s"]) {
    assert.throws(() => durationMs(text, "wait"), { kind: "config", message: /^wait: / }, text);
  }
});
