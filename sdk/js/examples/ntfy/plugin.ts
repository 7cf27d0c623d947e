// A notifier: pushes alerts to a topic of ntfy, one message a group.

import { PluginError, http, notifier } from "@narthex/sdk";
import type { Alert, AlertGroup, Label } from "@narthex/sdk";

/** An entry of `ntfy_configs` of a receiver. */
interface Config {
  url: string;
  topic: string;
  token?: string;
  /** Priorities of ntfy by the label `severity`. */
  priorities: Record<string, number>;
  send_resolved: boolean;
}

/** What ntfy takes for a message; the rest would be made into an attachment. */
const MESSAGE_CHARS_MAX = 4000;

export default notifier<Config>({
  name: "ntfy",
  version: "1.0.0",
  description: "Pushes alerts to a topic of ntfy.",
  schema: {
    type: "object",
    additionalProperties: false,
    required: ["topic"],
    properties: {
      url: { type: "string", default: "https://ntfy.sh", description: "The server." },
      topic: { type: "string", description: "The topic." },
      token: { type: "string", "x-secret": true, description: "An access token of the server." },
      priorities: {
        type: "object",
        additionalProperties: { type: "integer", minimum: 1, maximum: 5 },
        default: { critical: 5, warning: 3, info: 2 },
        description: "Priorities of ntfy, 1 to 5, by the label severity.",
      },
      send_resolved: { type: "boolean", default: true, description: "Whether resolved alerts are told as well." },
    },
  },

  validate(config) {
    if (!/^[-_A-Za-z0-9]{1,64}$/.test(config.topic)) {
      throw PluginError.config("topic: letters, digits, - and _, at most 64").detail("key", "topic");
    }
    return [];
  },

  notify(config, group) {
    const answer = http.post(config.url, {
      headers: config.token === undefined ? {} : { authorization: `Bearer ${config.token}` },
      json: message(config, group),
    });
    const { id } = answer.expectSuccess().json() as { id?: string };
    return { remoteId: id, note: `topic ${config.topic}` };
  },
});

function message(config: Config, group: AlertGroup) {
  const firing = group.alerts.filter((alert) => alert.status === "firing").length;
  const state = firing > 0 ? `FIRING ${firing}` : "RESOLVED";
  const name = valueOf(group.commonLabels, "alertname") ?? group.receiver;
  return {
    topic: config.topic,
    title: `[${state}] ${name}`,
    message: group.alerts.map(line).join("\n").slice(0, MESSAGE_CHARS_MAX),
    priority: firing > 0 ? priority(config, group.alerts) : 2,
    tags: [firing > 0 ? "rotating_light" : "white_check_mark"],
    click: group.externalUrl,
  };
}

/** The highest of all firing alerts. */
function priority(config: Config, alerts: Alert[]): number {
  const known = alerts
    .filter((alert) => alert.status === "firing")
    .map((alert) => config.priorities[valueOf(alert.labels, "severity") ?? ""] ?? 3);
  return Math.max(...known);
}

function line(alert: Alert): string {
  const told = valueOf(alert.annotations, "summary") ?? valueOf(alert.annotations, "description");
  const where = alert.labels.filter(({ name }) => name !== "alertname").map(({ name, value }) => `${name}=${value}`);
  const mark = alert.status === "firing" ? "" : "resolved: ";
  return `${mark}${told ?? valueOf(alert.labels, "alertname") ?? "alert"}${where.length > 0 ? ` (${where.join(", ")})` : ""}`;
}

function valueOf(labels: Label[], name: string): string | undefined {
  return labels.find((label) => label.name === name)?.value;
}
