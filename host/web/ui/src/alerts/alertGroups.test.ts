import { expect, it } from "vitest";
import type { AlertingRule, AlertState, RuleGroup } from "../api";
import { alertGroups, countStates } from "./alertGroups";

function rule(name: string, state: AlertState): AlertingRule {
  return { type: "alerting", name, state, query: "up", health: "ok", labels: { severity: "page" } };
}

const GROUPS: RuleGroup[] = [
  {
    name: "g",
    file: "f",
    interval: 15,
    rules: [rule("Quiet", "inactive"), rule("Loud", "firing"), { type: "recording", name: "r", query: "up", health: "ok" }],
  },
  { name: "only-recording", file: "f", interval: 15, rules: [{ type: "recording", name: "r", query: "up", health: "ok" }] },
];

it("shows alerting rules only, the firing first", () => {
  const groups = alertGroups(GROUPS, "", "");
  expect(groups.map((group) => group.name)).toEqual(["g"]);
  expect(groups[0]?.rules.map((each) => each.name)).toEqual(["Loud", "Quiet"]);
});

it("filters by state and by words", () => {
  expect(alertGroups(GROUPS, "inactive", "")[0]?.rules.map((each) => each.name)).toEqual(["Quiet"]);
  expect(alertGroups(GROUPS, "", "severity=page loud")[0]?.rules.map((each) => each.name)).toEqual(["Loud"]);
  expect(alertGroups(GROUPS, "", "severity=info")).toEqual([]);
});

it("counts by state", () => expect(countStates(GROUPS)).toEqual({ firing: 1, pending: 0, inactive: 1, unknown: 0 }));
