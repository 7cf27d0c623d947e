import assert from "node:assert/strict";
import { test } from "node:test";

import { FakeHost } from "@narthex/sdk/testing";

import plugin from "./plugin.ts";

test("status and size of the page are told", () => {
  const host = new FakeHost().http("http://localhost/about", { body: "hello\n" });
  const answer = host.collect(plugin, { path: "/about" }).text();
  const samples = answer.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  assert.deepEqual(samples, ["{{module}}_http_status 200", "{{module}}_page_bytes 6"]);
});

test("a path begins with a slash", () => {
  assert.deepEqual(new FakeHost().validate(plugin, { path: "/about" }), []);
  assert.throws(() => new FakeHost().validate(plugin, { path: "about" }), { kind: "config" });
});
