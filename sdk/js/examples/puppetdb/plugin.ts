// A discovery: the resources that a query of PuppetDB names, one target each. As `puppetdb_sd_configs` of Prometheus.

import { PluginError, discovery, durationMs, full, hostPort, http, labels, sanitize, unchanged } from "@narthex/sdk";
import type { TargetGroup } from "@narthex/sdk";

/** An entry of `puppetdb_sd_configs`. The keys of HTTP clients beside these are used by the host. */
interface Config {
  url: string;
  query: string;
  include_parameters: boolean;
  port: number;
  refresh_interval: string;
}

interface Resource {
  certname: string;
  resource: string;
  type: string;
  title: string;
  exported: boolean;
  tags: string[];
  file: string;
  environment: string;
  parameters: Record<string, unknown>;
}

export default discovery<Config>({
  name: "puppetdb",
  version: "1.0.0",
  description: "Targets from the resources of a PuppetDB.",
  schema: {
    type: "object",
    additionalProperties: false,
    required: ["url", "query"],
    properties: {
      url: { type: "string", description: "Where PuppetDB answers, as in https://puppetdb:8081." },
      query: { type: "string", description: "A query in the Puppet Query Language that answers resources." },
      include_parameters: { type: "boolean", default: false, description: "Whether parameters become labels." },
      port: { type: "integer", default: 80, description: "The port of the targets." },
      refresh_interval: { type: "string", default: "60s", description: "How often the query is asked." },
    },
    "x-http-config": true,
  },

  validate(config) {
    if (!/^https?:\/\/./.test(config.url)) {
      throw PluginError.config("url: must begin with http:// or https://").detail("key", "url");
    }
    durationMs(config.refresh_interval, "refresh_interval");
    return [];
  },

  refresh(config, cursor) {
    const url = `${config.url.replace(/\/+$/, "")}/pdb/query/v4`;
    const answer = http.post(url, { json: { query: config.query } }).expectSuccess();
    // What PuppetDB answers to a query has one order, so that equal bytes are equal targets.
    const digest = fingerprint(answer.body);
    const nextInMs = durationMs(config.refresh_interval);
    if (digest === cursor) return unchanged(digest, { nextInMs });
    const groups = (answer.json() as Resource[]).map((resource, at) => group(config, resource, at));
    return full(groups, { cursor: digest, nextInMs });
  },
});

function group(config: Config, resource: Resource, at: number): TargetGroup {
  const found: Record<string, string | boolean> = {
    __meta_puppetdb_query: config.query,
    __meta_puppetdb_certname: resource.certname,
    __meta_puppetdb_resource: resource.resource,
    __meta_puppetdb_type: resource.type,
    __meta_puppetdb_title: resource.title,
    __meta_puppetdb_exported: resource.exported,
    __meta_puppetdb_file: resource.file,
    __meta_puppetdb_environment: resource.environment,
  };
  // Separators at both ends, so that a rule can match a whole tag.
  if (resource.tags.length > 0) found["__meta_puppetdb_tags"] = `,${resource.tags.join(",")},`;
  if (config.include_parameters) {
    for (const [name, value] of Object.entries(resource.parameters)) {
      const text = parameter(value);
      if (text !== null) found[`__meta_puppetdb_parameter_${sanitize(name)}`] = text;
    }
  }
  const targets = [hostPort(resource.certname, config.port)];
  return { source: `${config.url}#${at}`, targets, labels: labels(found) };
}

/** Texts, numbers and truth values; lists of texts with separators. Objects are no labels. */
function parameter(value: unknown): string | null {
  if (Array.isArray(value)) return value.every((it) => typeof it === "string") ? `,${value.join(",")},` : null;
  return value === null || typeof value === "object" ? null : String(value);
}

/** FNV-1a over the bytes, and their number: enough to tell one answer from the next. */
function fingerprint(bytes: Uint8Array): string {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return `${hash.toString(16)}-${bytes.length}`;
}
