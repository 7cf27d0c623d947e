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
  routeLabels: {},
  receiver: { name: receiver },
  alerts,
});

it("tells what an alert is", () => {
  expect(kindsOf(LOUD)).toEqual(["active"]);
  expect(kindsOf(QUIET)).toEqual(["silenced", "inhibited"]);
  expect(kindsOf(CARED)).toEqual(["active", "acknowledged"]);
});

it("shows an alert when each of its kinds is shown, and no empty group", () => {
  const groups = [group("a", LOUD, QUIET), group("b", QUIET)];
  const names = (kinds: Parameters<typeof shownGroups>[1]) =>
    shownGroups(groups, kinds, "").map((each) => each.alerts.map(({ fingerprint }) => fingerprint));
  expect(names(["active"])).toEqual([["loud"]]);
  expect(names(["active", "silenced"])).toEqual([["loud"]]);
  expect(names(["silenced", "inhibited"])).toEqual([["quiet"], ["quiet"]]);
});

it("shows the groups of one receiver", () =>
  expect(shownGroups([group("a", LOUD), group("b", LOUD)], ["active"], "b").map((each) => each.receiver.name)).toEqual([
    "b",
  ]));

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
  expect(new Set(groupKeys([group("a", LOUD), group("a", CARED), group("b", LOUD)])).size).toBe(3));
