import assert from "node:assert/strict";
import { test } from "node:test";

import { decodeUtf8 } from "@narthex/sdk";
import { FakeHost, alertGroup } from "@narthex/sdk/testing";

import ntfy from "./plugin.ts";

const CONFIG = { url: "https://ntfy.example", topic: "oncall", token: "tk_1" };

function sent(host: FakeHost) {
  return JSON.parse(decodeUtf8(host.requests[0]?.body ?? new Uint8Array()));
}

test("a firing group is pushed with its priority", () => {
  const host = new FakeHost().httpJson("https://ntfy.example", { id: "m1" });
  const group = alertGroup();
  const [alert] = group.alerts;
  assert.ok(alert);
  alert.labels = [...alert.labels, { name: "severity", value: "critical" }];
  assert.deepEqual(host.notify(ntfy, CONFIG, group), { remoteId: "m1", note: "topic oncall" });
  assert.deepEqual(sent(host), {
    topic: "oncall",
    title: "[FIRING 1] Down",
    message: "db is down (severity=critical)",
    priority: 5,
    tags: ["rotating_light"],
    click: "http://narthex.example",
  });
  assert.deepEqual(host.requests[0]?.headers[0], { name: "authorization", value: "Bearer tk_1" });
});

test("a resolved group says so and does not wake anybody", () => {
  const host = new FakeHost().httpJson("https://ntfy.example", { id: "m2" });
  const group = alertGroup({ status: "resolved" });
  group.alerts.forEach((alert) => Object.assign(alert, { status: "resolved", endsAtMs: alert.startsAtMs + 1 }));
  host.notify(ntfy, CONFIG, group);
  const { title, message, priority } = sent(host);
  assert.deepEqual([title, message, priority], ["[RESOLVED] Down", "resolved: db is down", 2]);
});

test("a server that is busy is asked again, one that refuses is not", () => {
  const busy = new FakeHost().http("https://ntfy.example", { status: 429, headers: { "Retry-After": "7" } });
  assert.throws(() => busy.notify(ntfy, CONFIG, alertGroup()), { kind: "rate-limited", retryAfterMs: 7000 });
  const refusing = new FakeHost().http("https://ntfy.example", { status: 403, body: "forbidden" });
  assert.throws(() => refusing.notify(ntfy, CONFIG, alertGroup()), { kind: "protocol", retryable: false });
});

test("a topic that no URL could hold is refused", () => {
  assert.throws(() => new FakeHost().validate(ntfy, { ...CONFIG, topic: "a/b" }), { kind: "config" });
});
