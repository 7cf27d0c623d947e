import assert from "node:assert/strict";
import { test } from "node:test";

import { decodeUtf8 } from "@narthex/sdk";
import { FakeHost } from "@narthex/sdk/testing";

import puppetdb from "./plugin.ts";

const RESOURCE = {
  certname: "edinburgh.example.com",
  resource: "49af83866dc5a1518968b68e58a25319107afe11",
  type: "Class",
  title: "Node_exporter",
  exported: false,
  tags: ["class", "monitoring"],
  file: "/etc/site.pp",
  environment: "prod",
  parameters: { port: 9100, "scrape job": "node", list: ["a", "b"], nested: { x: 1 } },
};

const CONFIG = { url: "https://pdb.example:8081/", query: 'resources { type = "Class" }', port: 9100 };

function host(resources: object[]): FakeHost {
  return new FakeHost().httpJson("https://pdb.example:8081/pdb/query/v4", resources);
}

test("a resource becomes a target with its facts", () => {
  const asked = host([RESOURCE]);
  const { change } = asked.refresh(puppetdb, { ...CONFIG, include_parameters: true });
  assert.ok(change.tag === "full");
  const [group] = change.groups;
  assert.deepEqual(group?.targets, ["edinburgh.example.com:9100"]);
  const found = Object.fromEntries(group.labels.map(({ name, value }) => [name, value]));
  assert.equal(found["__meta_puppetdb_tags"], ",class,monitoring,");
  assert.equal(found["__meta_puppetdb_exported"], "false");
  assert.equal(found["__meta_puppetdb_parameter_port"], "9100");
  assert.equal(found["__meta_puppetdb_parameter_scrape_job"], "node");
  assert.equal(found["__meta_puppetdb_parameter_list"], ",a,b,");
  assert.ok(!("__meta_puppetdb_parameter_nested" in found));
  assert.deepEqual(JSON.parse(decodeUtf8(asked.requests[0]?.body ?? new Uint8Array())), { query: CONFIG.query });
});

test("the same answer is no change, another one is", () => {
  const { cursor } = host([RESOURCE]).refresh(puppetdb, CONFIG);
  assert.equal(host([RESOURCE]).refresh(puppetdb, CONFIG, cursor).change.tag, "unchanged");
  assert.equal(host([]).refresh(puppetdb, CONFIG, cursor).change.tag, "full");
});

test("an answer that is no success keeps the targets, by an error", () => {
  const broken = new FakeHost().http("https://pdb.example:8081/", { status: 500, body: "database is down" });
  assert.throws(() => broken.refresh(puppetdb, CONFIG), { retryable: true, message: /status 500: database is down/ });
});

test("a URL without a scheme is refused", () => {
  assert.throws(() => new FakeHost().validate(puppetdb, { ...CONFIG, url: "pdb:8081" }), { kind: "config" });
});
