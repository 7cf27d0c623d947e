import { expect, it } from "vitest";
import type { RuleGroup } from "../api";
import { groupCosts, ruleCosts } from "./rules";

const GROUPS: RuleGroup[] = [
  {
    name: "g",
    file: "r.yml",
    interval: 10,
    evaluationTime: 5,
    rules: [
      { type: "recording", name: "a", query: "sum(up)", health: "ok", evaluationTime: 4 },
      { type: "recording", name: "b", query: "up", health: "unknown" },
    ],
  },
];

it("measures groups and rules by their interval", () => {
  expect(groupCosts(GROUPS).map((each) => [each.share, each.rules])).toEqual([[0.5, 2]]);
  expect(ruleCosts(GROUPS).map((each) => [each.name, each.took, each.share])).toEqual([
    ["a", 4, 0.4],
    ["b", null, null],
  ]);
});
