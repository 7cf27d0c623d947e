// A host for tests: plugins run under Node.js.
//
// Like the real one it denies what was not granted: a file root, an address or a name that the test did not provide. It fills
// in the defaults of the schema, and refuses answers that the host would refuse.

import { encodeUtf8 } from "./bytes.ts";
import { PluginError, type Label } from "./error.ts";
import { setHost, type FsUsage, type Host, type HttpRequest, type Level } from "./host.ts";
import { Target, type AlertGroup, type Discovery, type Exporter, type Exposition, type Notifier, type Receipt } from "./plugin.ts";
import type { Refreshed } from "./targets.ts";
import { configured } from "./testing/defaults.ts";
import { FakeImports, type Answer } from "./testing/imports.ts";

export type { Answer };

/** A message that the plugin logged. */
export interface LogLine {
  level: Level;
  message: string;
  fields: Label[];
}

/** The host's bound for a cursor. */
const CURSOR_BYTES_MAX = 64 << 10;

/**
 * A host made of canned answers. Build it, call a plugin through it, then ask what the plugin did. The clock shows
 * 2026-01-01T00:00:00Z and moves only when the plugin sleeps.
 */
export class FakeHost {
  readonly #imports = new FakeImports();

  /** Grants a root and puts a file there. */
  file(root: string, path: string, content: string | Uint8Array): this {
    this.#imports.addFile(root, path, typeof content === "string" ? encodeUtf8(content) : content);
    return this;
  }

  /** Grants a root and puts a symbolic link there. */
  link(root: string, path: string, target: string): this {
    this.#imports.addLink(root, path, target);
    return this;
  }

  /** Grants a root and says how full the file system at a path is. */
  usage(root: string, path: string, usage: FsUsage): this {
    this.#imports.addUsage(root, path, usage);
    return this;
  }

  /** Grants URLs with this prefix and answers them. The first prefix that fits is taken. */
  http(urlPrefix: string, answer: Answer | ((request: HttpRequest) => Answer)): this {
    this.#imports.responders.push([urlPrefix, typeof answer === "function" ? answer : () => answer]);
    return this;
  }

  /** Answers all requests to URLs with this prefix with JSON. */
  httpJson(urlPrefix: string, value: unknown): this {
    const headers = { "content-type": "application/json" };
    return this.http(urlPrefix, { headers, body: JSON.stringify(value) });
  }

  /** Grants a lookup and gives its records, as in a zone file; or has it fail. */
  dns(name: string, kind: string, records: string[] | PluginError): this {
    this.#imports.records.set(`${kind} ${name}`, records);
    return this;
  }

  /** Grants a TCP address (`host:port`); a connection reads these pieces, one a read, and then the end. */
  tcp(address: string, pieces: (string | Uint8Array)[]): this {
    const bytes = pieces.map((piece) => (typeof piece === "string" ? encodeUtf8(piece) : piece));
    this.#imports.peers.set(address, bytes);
    return this;
  }

  /** Sets the certificates that every peer shows which is spoken TLS with, in DER. */
  certificates(chain: Uint8Array[]): this {
    this.#imports.chain = chain;
    return this;
  }

  /** Grants a nameserver (`host:port`) and answers messages to it. */
  nameServer(address: string, answer: (query: Uint8Array) => Uint8Array): this {
    this.#imports.nameServers.set(address, answer);
    return this;
  }

  /** Says when a file that is there was changed, in milliseconds since the Unix epoch; without it at the epoch itself. */
  modified(root: string, path: string, atMs: number): this {
    this.#imports.setModified(root, path, atMs * 1e6);
    return this;
  }

  /** Says how the clock is kept in step, by the names of `adjtimex(2)`. */
  discipline(told: Record<string, number>): this {
    this.#imports.told = Object.entries(told).map(([name, value]) => ({ name, value: String(value) }));
    return this;
  }

  /** Sets the clock. */
  nowMs(ms: number): this {
    this.#imports.nowMs = ms;
    return this;
  }

  /** Sets what is left of a call. */
  deadlineMs(ms: number): this {
    this.#imports.leftMs = ms;
    return this;
  }

  /** Runs code on this host. */
  run<R>(code: () => R): R {
    const former = setHost(this.#imports as Host);
    try {
      return code();
    } finally {
      setHost(former);
    }
  }

  /** Calls an exporter as the host would, for a target without labels unless one is given. */
  collect<C>(plugin: Exporter<C>, config: object = {}, target = new Target("localhost")): Exposition {
    return this.run(() => plugin.collect(configured(plugin.schema, config) as C, target));
  }

  /** Calls a discovery as the host would. An answer that the host would refuse is an error. */
  refresh<C>(plugin: Discovery<C>, config: object = {}, cursor: string | null = null, waitMs = 0): Refreshed {
    const found = this.run(() => plugin.refresh(configured(plugin.schema, config) as C, cursor, waitMs));
    const refused = (why: string) => PluginError.internal(`the host refuses the answer: ${why}`);
    if (found.change.tag !== "full" && cursor === null) {
      throw refused("differences, where everything was asked for");
    }
    const next = found.cursor ?? null;
    if (next !== null && encodeUtf8(next).length > CURSOR_BYTES_MAX) {
      throw refused("a cursor of more than 64 KiB");
    }
    if (next === null && found.more === true) throw refused("more follows, and there is no cursor");
    return found;
  }

  /** Calls a notifier as the host would. */
  notify<C>(plugin: Notifier<C>, config: object, group: AlertGroup): Receipt {
    return this.run(() => plugin.notify(configured(plugin.schema, config) as C, group));
  }

  /** Has a plugin judge a configuration, as the host would at load; the warnings. */
  validate<C>(plugin: { schema?: object; validate?(config: C): string[] }, config: object = {}): string[] {
    return this.run(() => plugin.validate?.(configured(plugin.schema, config) as C) ?? []);
  }

  /** The HTTP requests that were sent, in order. */
  get requests(): HttpRequest[] {
    return this.#imports.requests;
  }

  /** The options that probes, connections and exchanges were asked for with, in order. */
  get options(): Label[] {
    return this.#imports.options;
  }

  /** The bytes that were written to TCP connections, in order. */
  get sent(): Uint8Array {
    return Uint8Array.from(this.#imports.sent);
  }

  /** What was logged, in order. */
  get logs(): LogLine[] {
    return this.#imports.logs;
  }

  /** How long the plugin slept. */
  get sleptMs(): number {
    return this.#imports.sleptMs;
  }

  /** The value of a key in the plugin's store. */
  kv(key: string): Uint8Array | undefined {
    return this.#imports.kept.get(key);
  }
}

/** A group of one alert, to be changed as a test needs it. */
export function alertGroup(changes: Partial<AlertGroup> = {}): AlertGroup {
  const labels = [{ name: "alertname", value: "Down" }];
  const annotations = [{ name: "summary", value: "db is down" }];
  return {
    groupKey: '{}:{alertname="Down"}',
    receiver: "team",
    status: "firing",
    groupLabels: labels,
    commonLabels: labels,
    commonAnnotations: annotations,
    alerts: [
      {
        status: "firing",
        fingerprint: "0123456789abcdef",
        labels,
        annotations,
        startsAtMs: 1_767_225_600_000,
        endsAtMs: null,
        generatorUrl: "http://narthex.example/graph?g0.expr=up",
        value: 0,
      },
    ],
    truncatedAlerts: 0,
    externalUrl: "http://narthex.example",
    attempt: 1,
    idempotencyKey: "1",
    ...changes,
  };
}
