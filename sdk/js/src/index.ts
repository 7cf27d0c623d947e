// The SDK for plugins of Narthex in TypeScript and JavaScript.
//
// Enters: a configuration, and what the plugin asks of the host. Leaves: metrics, targets or a receipt; a failure is a thrown
// `PluginError` whose kind tells the host what to do next. Open `plugin.ts` first.

export { PluginError, type ErrorKind, type Label } from "./error.ts";
export { Exposition, Target, discovery, exporter, notifier } from "./plugin.ts";
export type { Alert, AlertGroup, Card, Discovery, Exporter, Notifier, Plugin, Receipt } from "./plugin.ts";
export { Family, Metrics, type SampleLabels } from "./metrics.ts";
export { Histogram } from "./histogram.ts";
export { delta, full, hostPort, labels, sanitize, unchanged } from "./targets.ts";
export type { Change, Refreshed, TargetGroup } from "./targets.ts";
export { durationMs } from "./duration.ts";
export { decodeUtf8, encodeUtf8 } from "./bytes.ts";
export * as clock from "./clock.ts";
export * as dns from "./dns.ts";
export * as files from "./files.ts";
export * as http from "./http.ts";
export * as kv from "./kv.ts";
export * as log from "./log.ts";
export * as tcp from "./tcp.ts";
