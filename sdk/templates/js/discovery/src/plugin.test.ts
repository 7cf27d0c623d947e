import assert from "node:assert/strict";
import { test } from "node:test";

import { full } from "@narthex/sdk";
import { FakeHost } from "@narthex/sdk/testing";

import plugin from "./plugin.ts";

const CONFIG = { url: "http://inventory/list" };

test("a line is a target", () => {
  const host = new FakeHost().http("http://inventory/list", { body: "a:80\n\nb:80\n" });
  const labels = [{ name: "__meta_{{module}}_url", value: "http://inventory/list" }];
  const group = { source: "http://inventory/list", targets: ["a:80", "b:80"], labels };
  assert.deepEqual(host.refresh(plugin, CONFIG), full([group], { nextInMs: 30_000 }));
});

test("a failure is no empty list", () => {
  const host = new FakeHost().http("http://inventory/list", { status: 503 });
  assert.throws(() => host.refresh(plugin, CONFIG), { retryable: true });
});

test("a URL has its scheme", () => {
  assert.throws(() => new FakeHost().validate(plugin, { url: "inventory/list" }), { kind: "config" });
});
