import { expect, it } from "vitest";
import type { NotificationGroup, SentAlert } from "../alertingApi";
import { countKinds, groupKeys, kindsOf, readKinds, receiversOf, shownGroups, writeKinds } from "./groupFilter";

function alert(fingerprint: string, status: Partial<SentAlert["status"]> = {}): SentAlert {
  return {
    fingerprint,
    labels: { alertname: fingerprint },
    annotations: {},
    startsAt: "",
    endsAt: "",
    updatedAt: "",
    receivers: [],
    status: { state: "active", silencedBy: [], inhibitedBy: [], mutedBy: [], ...status },
  };
}

const LOUD = alert("loud");
const QUIET = alert("quiet", { silencedBy: ["s"], inhibitedBy: ["f"] });
const CARED: SentAlert = { ...alert("cared"), acknowledgement: { createdBy: "ada", comment: "", createdAt: "" } };

const group = (receiver: string, ...alerts: SentAlert[]): NotificationGroup => ({
  labels: {},
  route: `0.${receiver}`,
  routeLabels: {},
  receiver: { name: receiver },
  alerts,
});

const EVERYONE = { receiver: "", route: "" };

it("tells what an alert is", () => {
  expect(kindsOf(LOUD)).toEqual(["active"]);
  expect(kindsOf(QUIET)).toEqual(["silenced", "inhibited"]);
  expect(kindsOf(CARED)).toEqual(["active", "acknowledged"]);
});

it("shows an alert when each of its kinds is shown, and no empty group", () => {
  const groups = [group("a", LOUD, QUIET), group("b", QUIET)];
  const names = (kinds: Parameters<typeof shownGroups>[1]) =>
    shownGroups(groups, kinds, EVERYONE).map((each) => each.alerts.map(({ fingerprint }) => fingerprint));
  expect(names(["active"])).toEqual([["loud"]]);
  expect(names(["active", "silenced"])).toEqual([["loud"]]);
  expect(names(["silenced", "inhibited"])).toEqual([["quiet"], ["quiet"]]);
});

it("shows the groups of one receiver, or of one route", () => {
  const groups = [group("a", LOUD), group("b", LOUD), { ...group("b", LOUD), route: "0.1" }];
  const shown = (whose: Parameters<typeof shownGroups>[2]) =>
    shownGroups(groups, ["active"], whose).map((each) => each.route);
  expect(shown({ receiver: "b", route: "" })).toEqual(["0.b", "0.1"]);
  expect(shown({ receiver: "", route: "0.1" })).toEqual(["0.1"]);
  expect(shown({ receiver: "a", route: "0.1" })).toEqual([]);
});

it("counts an alert that is in many groups once", () =>
  expect(countKinds([group("a", LOUD, CARED), group("b", LOUD)])).toEqual({
    active: 2,
    silenced: 0,
    inhibited: 0,
    muted: 0,
    acknowledged: 1,
  }));

it("keeps the usual choice out of the address", () => {
  expect(readKinds("")).toEqual(["active", "acknowledged"]);
  expect(writeKinds(["acknowledged", "active"])).toBe("");
  for (const kinds of [[], ["silenced"], ["active", "muted"]] as const) {
    expect(readKinds(writeKinds(kinds))).toEqual(kinds);
  }
});

it("offers the chosen receiver also when it has no group", () =>
  expect(receiversOf([group("b", LOUD)], "a")).toEqual(["a", "b"]));

it("tells groups of the same labels apart", () =>
  expect(new Set(groupKeys([group("a", LOUD), { ...group("a", LOUD), route: "0.1" }, group("b", LOUD)])).size).toBe(3));
