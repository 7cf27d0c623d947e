// An exporter: the health of an Elasticsearch cluster, and what each of its nodes holds.

import { Metrics, PluginError, exporter, http, log } from "@narthex/sdk";

/** What the operator writes under `exporter.config`. */
interface Config {
  scheme: "http" | "https";
  /** Whether nodes are asked for as well. */
  nodes: boolean;
}

interface Health {
  cluster_name: string;
  status: "green" | "yellow" | "red";
  number_of_nodes: number;
  number_of_data_nodes: number;
  active_shards: number;
  unassigned_shards: number;
}

interface Nodes {
  nodes: Record<string, { name: string; indices: { docs: { count: number }; store: { size_in_bytes: number } } }>;
}

/** Colors of a cluster, best first. */
const COLORS = ["green", "yellow", "red"] as const;

export default exporter<Config>({
  name: "elasticsearch",
  version: "1.0.0",
  description: "Health of an Elasticsearch cluster.",
  schema: {
    type: "object",
    additionalProperties: false,
    properties: {
      scheme: { enum: ["http", "https"], default: "http", description: "How the cluster is spoken to." },
      nodes: { type: "boolean", default: true, description: "Whether nodes are asked for as well." },
    },
  },

  collect(config, target) {
    const base = `${config.scheme}://${target.address}`;
    const urls = [`${base}/_cluster/health`, ...(config.nodes ? [`${base}/_nodes/stats/indices`] : [])];
    const [health, nodes] = http.sendAll(urls.map((url) => ({ url, timeoutMs: target.timeoutMs })));
    const metrics = new Metrics();
    writeHealth(metrics, answer<Health>(health, "ask for the cluster's health"));
    if (nodes !== undefined) {
      // A cluster whose nodes do not answer has its health all the same.
      const succeeded = writeNodes(metrics, nodes);
      metrics.gauge("elasticsearch_nodes_answered", "Whether statistics of nodes could be had.").set(succeeded);
    }
    return metrics.text();
  },
});

function answer<T>(got: http.Response | PluginError | undefined, step: string): T {
  try {
    if (got === undefined || got instanceof PluginError) throw got ?? PluginError.internal("no answer");
    return got.expectSuccess().json() as T;
  } catch (error) {
    throw error instanceof PluginError ? error.context(step) : error;
  }
}

function writeHealth(metrics: Metrics, health: Health): void {
  const color = metrics.gauge("elasticsearch_cluster_health_status", "1 for the cluster's color, 0 for the others.");
  for (const name of COLORS) color.sample({ color: name }, health.status === name);
  metrics.gauge("elasticsearch_cluster_nodes", "Nodes of the cluster.").set(health.number_of_nodes);
  metrics.gauge("elasticsearch_cluster_data_nodes", "Nodes that hold data.").set(health.number_of_data_nodes);
  const shards = metrics.gauge("elasticsearch_cluster_shards", "Shards by state.");
  shards.sample({ state: "active" }, health.active_shards);
  shards.sample({ state: "unassigned" }, health.unassigned_shards);
}

/** Whether the nodes answered. */
function writeNodes(metrics: Metrics, got: http.Response | PluginError): boolean {
  try {
    const { nodes } = answer<Nodes>(got, "ask for statistics of nodes");
    const docs = metrics.gauge("elasticsearch_node_documents", "Documents on a node.");
    const bytes = metrics.gauge("elasticsearch_node_store_size_bytes", "Bytes that a node's shards take.").unit("bytes");
    for (const { name, indices } of Object.values(nodes)) {
      docs.sample({ node: name }, indices.docs.count);
      bytes.sample({ node: name }, indices.store.size_in_bytes);
    }
    return true;
  } catch (error) {
    if (!(error instanceof PluginError)) throw error;
    log.warn("nodes did not answer", { error: error.message });
    return false;
  }
}
