// What a plugin's author writes: one object, made by `exporter`, `discovery` or `notifier`.
//
// A call is stateless: the host makes an instance for it and drops it afterwards. Variables of a module do not survive; what
// must last goes through `kv`, or in a discovery through the cursor.

import { PluginError, type Label } from "./error.ts";
import type { Refreshed } from "./targets.ts";
import { decodeUtf8 } from "./bytes.ts";

/** What every plugin tells about itself. */
export interface Card {
  /** The file's name without `.wasm`: lower case, digits, `-` and `_`. */
  name: string;
  /** By semantic versioning. */
  version: string;
  /** One line for people. */
  description: string;
  /** The JSON Schema of the configuration. Absent: any configuration is accepted. */
  schema?: object;
}

/** The target of a scrape. */
export class Target {
  constructor(
    readonly address: string,
    readonly labels: Label[] = [],
    readonly params: Label[] = [],
    /** The scrape timeout; the call's deadline is not later. */
    readonly timeoutMs: number = 10_000,
  ) {}

  /** The value of a label, if the target has it. */
  label(name: string): string | undefined {
    return this.labels.find((label) => label.name === name)?.value;
  }

  /** All values of a scrape parameter, in order. */
  param(name: string): string[] {
    return this.params.filter((param) => param.name === name).map((param) => param.value);
  }
}

/** What a scrape would have answered. `Metrics` makes it. */
export class Exposition {
  constructor(
    readonly contentType: string,
    readonly body: Uint8Array,
  ) {}

  /** The body as text, for tests and logs. */
  text(): string {
    return decodeUtf8(this.body);
  }
}

/** One alert of a group. */
export interface Alert {
  status: "firing" | "resolved";
  fingerprint: string;
  labels: Label[];
  annotations: Label[];
  startsAtMs: number;
  /** Absent while it fires. */
  endsAtMs: number | null;
  generatorUrl: string;
  value: number | null;
}

/** Alerts that are delivered together. */
export interface AlertGroup {
  groupKey: string;
  receiver: string;
  status: "firing" | "resolved";
  groupLabels: Label[];
  commonLabels: Label[];
  commonAnnotations: Label[];
  alerts: Alert[];
  truncatedAlerts: number;
  externalUrl: string;
  /** 1 at the first attempt to deliver this notification, then 2, 3, … */
  attempt: number;
  /** The same for all attempts: hand it on to receivers that can drop duplicates. */
  idempotencyKey: string;
}

/** Proof of delivery. */
export interface Receipt {
  /** The receiver's name for the message, if it gave one. */
  remoteId?: string;
  /** One line for people. */
  note?: string;
}

/** What all kinds of plugins may have. */
interface Validates<Config> {
  /** Judges a configuration beyond its schema; the warnings. Throwing rejects it. */
  validate?(config: Config): string[];
}

/** Answers scrapes. */
export interface Exporter<Config> extends Card, Validates<Config> {
  /** Collects once. Throwing marks the target down; answer a part where a part is worth having. */
  collect(config: Config, target: Target): Exposition;
}

/** Finds targets. */
export interface Discovery<Config> extends Card, Validates<Config> {
  /**
   * Looks once. Without a cursor the answer is full and comes at once; with one it may wait `waitMs` for a change. Throwing
   * keeps the last good targets.
   */
  refresh(config: Config, cursor: string | null, waitMs: number): Refreshed;
}

/** Delivers notifications. */
export interface Notifier<Config> extends Card, Validates<Config> {
  /** Delivers one group. Returning means that the receiver has it; what is thrown `retryable` is tried again. */
  notify(config: Config, group: AlertGroup): Receipt;
}

/** A plugin of a kind, as the build and the tests take it. */
export type Plugin<Config = unknown> =
  | ({ kind: "exporter" } & Exporter<Config>)
  | ({ kind: "discovery" } & Discovery<Config>)
  | ({ kind: "notifier" } & Notifier<Config>);

/** An exporter; the default export of its module. */
export function exporter<Config>(plugin: Exporter<Config>): { kind: "exporter" } & Exporter<Config> {
  return { ...plugin, kind: "exporter" };
}

/** A discovery; the default export of its module. */
export function discovery<Config>(plugin: Discovery<Config>): { kind: "discovery" } & Discovery<Config> {
  return { ...plugin, kind: "discovery" };
}

/** A notifier; the default export of its module. */
export function notifier<Config>(plugin: Notifier<Config>): { kind: "notifier" } & Notifier<Config> {
  return { ...plugin, kind: "notifier" };
}

/** The configuration of a call. The host has checked it against the schema and filled in its defaults. */
export function parseConfig<Config>(json: string): Config {
  const value: unknown = JSON.parse(json.trim() === "" ? "{}" : json);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw PluginError.config("the configuration is not an object");
  }
  return value as Config;
}
