import assert from "node:assert/strict";
import { test } from "node:test";

import { decodeUtf8 } from "@narthex/sdk";
import { FakeHost, alertGroup } from "@narthex/sdk/testing";

import plugin from "./plugin.ts";

const CONFIG = { url: "http://receiver/hook" };

test("alerts are posted", () => {
  const host = new FakeHost().http("http://receiver/hook", { status: 200 });
  assert.deepEqual(host.notify(plugin, CONFIG, alertGroup()), { note: "status 200" });
  const [request] = host.requests;
  assert.ok(request);
  assert.deepEqual(JSON.parse(decodeUtf8(request.body)), {
    status: "firing",
    receiver: "team",
    alerts: [{ status: "firing", labels: { alertname: "Down" }, annotations: { summary: "db is down" } }],
  });
});

test("a receiver that is busy is asked again, one that refuses is not", () => {
  for (const [status, retryable] of [[503, true], [429, true], [400, false]] as const) {
    const host = new FakeHost().http("http://receiver/hook", { status });
    assert.throws(() => host.notify(plugin, CONFIG, alertGroup()), { retryable });
  }
});
