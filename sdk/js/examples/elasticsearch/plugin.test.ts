import assert from "node:assert/strict";
import { test } from "node:test";

import { PluginError } from "@narthex/sdk";
import { FakeHost } from "@narthex/sdk/testing";

import elasticsearch from "./plugin.ts";

const HEALTH = {
  cluster_name: "logs",
  status: "yellow",
  number_of_nodes: 3,
  number_of_data_nodes: 2,
  active_shards: 20,
  unassigned_shards: 4,
};

const NODES = { nodes: { x1: { name: "es-1", indices: { docs: { count: 7 }, store: { size_in_bytes: 4096 } } } } };

function samples(text: string): string[] {
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

test("health and nodes become metrics", () => {
  const host = new FakeHost()
    .httpJson("http://localhost/_cluster/health", HEALTH)
    .httpJson("http://localhost/_nodes/stats/indices", NODES);
  assert.deepEqual(samples(host.collect(elasticsearch).text()), [
    "elasticsearch_cluster_data_nodes 2",
    'elasticsearch_cluster_health_status{color="green"} 0',
    'elasticsearch_cluster_health_status{color="yellow"} 1',
    'elasticsearch_cluster_health_status{color="red"} 0',
    "elasticsearch_cluster_nodes 3",
    'elasticsearch_cluster_shards{state="active"} 20',
    'elasticsearch_cluster_shards{state="unassigned"} 4',
    'elasticsearch_node_documents{node="es-1"} 7',
    'elasticsearch_node_store_size_bytes{node="es-1"} 4096',
    "elasticsearch_nodes_answered 1",
  ]);
});

test("nodes that do not answer cost no health", () => {
  const host = new FakeHost()
    .httpJson("http://localhost/_cluster/health", HEALTH)
    .http("http://localhost/_nodes", { status: 503, body: "no quorum" });
  const lines = samples(host.collect(elasticsearch).text());
  assert.ok(lines.includes("elasticsearch_cluster_nodes 3"));
  assert.ok(lines.includes("elasticsearch_nodes_answered 0"));
  assert.match(host.logs[0]?.fields[0]?.value ?? "", /nodes: the server answered with status 503: no quorum/);
});

test("a cluster that cannot be reached is an error with the step", () => {
  const host = new FakeHost().http("http://localhost/", PluginError.unreachable("connection refused"));
  assert.throws(() => host.collect(elasticsearch, { nodes: false }), {
    kind: "unreachable",
    message: "ask for the cluster's health: connection refused",
  });
  assert.equal(host.requests.length, 1);
});
