import { expect, it } from "vitest";
import type { SentAlert, Silence, SilenceState } from "../alertingApi";
import { countQuiet, countSilences, filterSilences } from "./silenceList";

const silence = (id: string, state: SilenceState, comment = ""): Silence => ({
  id,
  status: { state },
  matchers: [{ name: "job", value: "node", isRegex: false, isEqual: true }],
  startsAt: "",
  endsAt: "",
  updatedAt: "",
  createdBy: "ada",
  comment,
});

const ALL = [silence("a", "active", "disks"), silence("p", "pending"), silence("e", "expired")];
const ids = (state: string, text: string) => filterSilences(ALL, state, text).map(({ id }) => id);

it("shows what is not over, or one state", () => {
  expect(ids("", "")).toEqual(["a", "p"]);
  expect(ids("expired", "")).toEqual(["e"]);
});

it("looks in comments, authors and matchers, with and without quotes", () => {
  expect(ids("", "DISKS")).toEqual(["a"]);
  expect(ids("", "ada job=node")).toEqual(["a", "p"]);
  expect(ids("", 'job="node"')).toEqual(["a", "p"]);
});

it("counts by state", () => expect(countSilences(ALL)).toEqual({ active: 1, pending: 1, expired: 1 }));

it("counts the alerts that each silence keeps quiet", () => {
  const alert = (silencedBy: string[]): SentAlert => ({
    fingerprint: "",
    labels: {},
    annotations: {},
    startsAt: "",
    endsAt: "",
    updatedAt: "",
    receivers: [],
    status: { state: "suppressed", silencedBy, inhibitedBy: [], mutedBy: [] },
  });
  expect([...countQuiet([alert(["a", "b"]), alert(["a"]), alert([])])]).toEqual([
    ["a", 2],
    ["b", 1],
  ]);
});
