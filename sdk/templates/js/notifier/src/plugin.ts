// Posts alerts to a URL, as JSON.

import { PluginError, http, notifier, type Label } from "@narthex/sdk";

/** One entry of `{{name}}_configs` of a receiver. */
interface Config {
  url: string;
}

export default notifier<Config>({
  name: "{{name}}",
  version: "0.1.0",
  description: "Posts alerts as JSON.",
  schema: {
    type: "object",
    additionalProperties: false,
    required: ["url"],
    properties: {
      url: { type: "string", "x-secret": true, description: "Where alerts are posted." },
    },
  },

  validate(config) {
    if (!/^https?:\/\//.test(config.url)) {
      throw PluginError.config("url: must begin with http:// or https://").detail("key", "url");
    }
    return [];
  },

  notify(config, group) {
    const alerts = group.alerts.map(({ status, labels, annotations }) => ({
      status,
      labels: pairs(labels),
      annotations: pairs(annotations),
    }));
    const json = { status: group.status, receiver: group.receiver, alerts };
    // Of what is no success, 429 and 5xx are tried again; the rest would be refused again.
    const answer = http.post(config.url, { json }).expectSuccess();
    return { note: `status ${answer.status}` };
  },
});

function pairs(labels: Label[]): Record<string, string> {
  return Object.fromEntries(labels.map(({ name, value }) => [name, value]));
}
