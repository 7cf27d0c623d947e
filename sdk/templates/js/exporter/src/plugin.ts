// Asks a web server for a page, and tells its status and size.

import { Metrics, PluginError, exporter, http } from "@narthex/sdk";

/** What stands under `exporter.config` of a scrape job. */
interface Config {
  path: string;
}

export default exporter<Config>({
  name: "{{name}}",
  version: "0.1.0",
  description: "Status and size of a page.",
  schema: {
    type: "object",
    additionalProperties: false,
    properties: {
      path: { type: "string", default: "/", description: "The page, from the slash on." },
    },
  },

  validate(config) {
    if (!config.path.startsWith("/")) {
      throw PluginError.config("path: must begin with a slash").detail("key", "path");
    }
    return [];
  },

  collect(config, target) {
    const page = http.get(`http://${target.address}${config.path}`);
    const metrics = new Metrics();
    metrics.gauge("{{module}}_http_status", "The status with which the page was answered.").set(page.status);
    metrics.gauge("{{module}}_page_bytes", "How long the page is.").set(page.body.length);
    return metrics.text();
  },
});
