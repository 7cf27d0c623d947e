import { expect, it } from "vitest";
import type { Labels } from "../api";
import type { SentAlert } from "../alertingApi";
import { sentAlertFinder } from "./sentAlert";

const sent = (fingerprint: string, labels: Labels): SentAlert => ({
  fingerprint,
  labels,
  annotations: {},
  startsAt: "",
  endsAt: "",
  updatedAt: "",
  receivers: [],
  status: { state: "active", silencedBy: [], inhibitedBy: [], mutedBy: [] },
});

const find = sentAlertFinder([
  sent("two", { alertname: "Down", job: "node", site: "a", disk: "sda" }),
  sent("one", { alertname: "Down", job: "node", site: "a" }),
  sent("other", { alertname: "Slow", job: "node" }),
]);

it("finds the alert with external labels, and the one with the fewest others", () =>
  expect(find({ alertname: "Down", job: "node" })?.fingerprint).toBe("one"));

it("finds nothing where a label has another value", () => {
  expect(find({ alertname: "Down", job: "db" })).toBeUndefined();
  expect(find({ alertname: "Gone" })).toBeUndefined();
});
