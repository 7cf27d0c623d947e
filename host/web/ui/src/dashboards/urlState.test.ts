import { expect, it } from "vitest";
import { decodeDashboard, encodeDashboard } from "./urlState";

it("reads links that Grafana makes", () => {
  const state = decodeDashboard("?uid=x&from=now-1h&to=now&refresh=30s&var-job=node&var-node=a&var-node=b&viewPanel=12");
  expect(state).toEqual({
    uid: "x",
    range: { from: "now-1h", to: "now" },
    refresh: "30s",
    choices: new Map([["job", ["node"]], ["node", ["a", "b"]]]),
    enlarged: "12",
  });
  expect(decodeDashboard(encodeDashboard(state))).toEqual(state);
});

it("leaves to the dashboard what the address does not say", () =>
  expect(decodeDashboard("?uid=x")).toEqual({ uid: "x", range: null, refresh: null, choices: new Map(), enlarged: null }));
