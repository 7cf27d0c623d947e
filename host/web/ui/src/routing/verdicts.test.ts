import { describe, expect, it } from "vitest";
import type { RouteNode, Trial } from "../alertingApi";
import { describeGroupBy, ownFields, takes, verdicts } from "./verdicts";

function route(id: string, fields: Partial<RouteNode> = {}): RouteNode {
  return {
    id,
    receiver: "r",
    matchers: [],
    continue: false,
    groupBy: ["alertname"],
    groupWait: "30s",
    groupInterval: "5m",
    repeatInterval: "4h",
    muteTimeIntervals: [],
    activeTimeIntervals: [],
    labels: {},
    groups: 0,
    alerts: 0,
    routes: [],
    ...fields,
  };
}

describe("ownFields", () => {
  it("are those that differ from the route above", () => {
    const below = route("0.0", { groupWait: "1s", groupBy: ["alertname", "job"] });
    expect([...ownFields(below, route("0"))]).toEqual(["groupBy", "groupWait"]);
    expect([...ownFields(route("0.0"), route("0"))]).toEqual([]);
  });

  it("are all of the root", () => expect(ownFields(route("0"), null).size).toBe(4));
});

it("describes how alerts are grouped", () => {
  expect(describeGroupBy(["a", "b"])).toBe("grouped by a, b");
  expect(describeGroupBy(["..."])).toBe("each alert by itself");
  expect(describeGroupBy([])).toBe("all in one group");
});

it("tells the route that notifies from those that pass on, refuse and are not asked", () => {
  const root = route("0", {
    routes: [
      route("0.0", { routes: [route("0.0.0")] }),
      route("0.1", { routes: [route("0.1.0"), route("0.1.1")] }),
      route("0.2"),
    ],
  });
  const trial: Trial = {
    receivers: ["r"],
    asked: [
      { id: "0", outcome: "yes", why: "takes every alert" },
      { id: "0.0", outcome: "no", why: "n" },
      { id: "0.1", outcome: "yes", why: "matches" },
      { id: "0.1.0", outcome: "yes", why: "matches" },
      { id: "0.1.1", outcome: "notAsked", why: "t" },
      { id: "0.2", outcome: "notAsked", why: "t" },
    ],
    silencedBy: [],
    inhibitedBy: [],
    mutedBy: [],
  };
  const found = verdicts(root, trial);
  expect([...found].map(([id, { stance }]) => `${id} ${stance}`)).toEqual([
    "0 passes on",
    "0.0 no",
    "0.0.0 not asked",
    "0.1 passes on",
    "0.1.0 notifies",
    "0.1.1 not asked",
    "0.2 not asked",
  ]);
  expect([...found].filter(([, verdict]) => takes(verdict)).map(([id]) => id)).toEqual(["0", "0.1", "0.1.0"]);
  expect(found.get("0.0.0")?.why).toBe("the route above does not take it");
});
