// Asks a URL for a list of targets, one `host:port` a line.

import { PluginError, discovery, full, http, labels } from "@narthex/sdk";

/** One entry of `{{name}}_sd_configs`. */
interface Config {
  url: string;
}

export default discovery<Config>({
  name: "{{name}}",
  version: "0.1.0",
  description: "Targets of a list at a URL.",
  schema: {
    type: "object",
    additionalProperties: false,
    required: ["url"],
    properties: {
      url: { type: "string", description: "Where the list is: one host:port a line." },
    },
  },

  validate(config) {
    if (!/^https?:\/\//.test(config.url)) {
      throw PluginError.config("url: must begin with http:// or https://").detail("key", "url");
    }
    return [];
  },

  refresh(config) {
    // An error keeps the targets that were found before.
    const list = http.get(config.url).expectSuccess().text();
    const targets = list.split("\n").map((line) => line.trim()).filter((line) => line !== "");
    const group = { source: config.url, targets, labels: labels({ __meta_{{module}}_url: config.url }) };
    return full([group], { nextInMs: 30_000 });
  },
});
