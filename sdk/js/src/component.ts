// The rim of the component: what the host calls, and what it is asked. Only the build imports this file.
//
// Always holds: no exception leaves an export but an error of the contract. What the plugin throws otherwise is `internal`, with
// its stack in the log.

import * as clock from "narthex:plugin/clock@1.0.0";
import * as dns from "narthex:plugin/dns@1.0.0";
import * as files from "narthex:plugin/files@1.0.0";
import * as http from "narthex:plugin/http@1.0.0";
import * as kv from "narthex:plugin/kv@1.0.0";
import * as log from "narthex:plugin/log@1.0.0";
import * as tcp from "narthex:plugin/tcp@1.0.0";

import { PluginError, type ErrorKind, type Label } from "./error.ts";
import { installGlobals } from "./globals.ts";
import { setHost, type Host, type HttpOutcome, type HttpResponse, type TcpConnection } from "./host.ts";
import { Target, parseConfig, type AlertGroup, type Plugin } from "./plugin.ts";
import type { Change } from "./targets.ts";

/** An error as it passes between guest and host. */
export interface WireError {
  kind: ErrorKind;
  message: string;
  retryable: boolean;
  retryAfterMs: number | null;
  details: Label[];
}

function toWire(error: PluginError): WireError {
  const { kind, message, retryable, retryAfterMs, details } = error;
  return { kind, message, retryable, retryAfterMs, details };
}

function fromWire(wire: WireError): PluginError {
  const error = new PluginError(wire.kind, wire.message);
  error.retryable = wire.retryable;
  error.retryAfterMs = wire.retryAfterMs;
  error.details = wire.details;
  return error;
}

/** Asks the host; its errors become exceptions of the SDK. */
function asking<R>(ask: () => R): R {
  try {
    return ask();
  } catch (thrown) {
    // The engine wraps an error of the contract; what it throws without one is that it cannot pass a value.
    const { payload } = thrown as { payload?: WireError };
    throw payload === undefined ? PluginError.internal(`call the host: ${String(thrown)}`) : fromWire(payload);
  }
}

function outcome(one: { tag: "ok"; val: HttpResponse } | { tag: "err"; val: WireError }): HttpOutcome {
  return one.tag === "ok" ? one.val : fromWire(one.val);
}

function connection(open: tcp.Connection): TcpConnection {
  return {
    writeAll: (data, ms) => asking(() => open.writeAll(data, ms)),
    read: (max, ms) => asking(() => open.read(max, ms)),
    startTls: (profile, serverName, ms) => asking(() => open.startTls(profile, serverName, ms)),
    facts: () => open.facts(),
    certificates: () => open.certificates(),
    close: () => open[Symbol.dispose](),
  };
}

const sandbox: Host = {
  fetch: (request) => asking(() => http.fetch(request)),
  fetchMany: (requests, inFlightMax) => http.fetchMany(requests, inFlightMax).map(outcome),
  fetchFirst: (requests) => http.fetchFirst(requests).map((one) => (one === null ? null : outcome(one))),
  probe: (request, options) => asking(() => http.probe(request, options)),
  connect: (name, port, tls, timeoutMs) => connection(asking(() => tcp.Connection.connect(name, port, tls, timeoutMs))),
  open: (name, port, options, timeoutMs) => connection(asking(() => tcp.Connection.open(name, port, options, timeoutMs))),
  lookup: (name, kind, timeoutMs) => asking(() => dns.lookup(name, kind, timeoutMs)),
  exchange: (server, port, query, options, ms) => asking(() => dns.exchange(server, port, query, options, ms)),
  readFile: (root, path, bytesMax) => asking(() => files.read(root, path, bytesMax)),
  listDir: (root, path, limit) => asking(() => files.listDir(root, path, limit)),
  readLink: (root, path) => asking(() => files.readLink(root, path)),
  modified: (root, path) => asking(() => files.modified(root, path)),
  usage: (root, path) => asking(() => files.usage(root, path)),
  kvGet: (key) => asking(() => kv.get(key)),
  kvSet: (key, value, ttlMs) => asking(() => kv.set(key, value, ttlMs)),
  kvDelete: (key) => asking(() => kv.delete(key)),
  kvKeys: (prefix, limit) => asking(() => kv.keys(prefix, limit)),
  kvCompareAndSet: (key, old, value) => asking(() => kv.compareAndSet(key, old, value)),
  logEnabled: (level) => log.enabled(level),
  log: (level, message, fields) => log.log(level, message, fields),
  wallMs: () => clock.wallMs(),
  monotonicNs: () => clock.monotonicNs(),
  deadlineMs: () => clock.deadlineMs(),
  sleepMs: (ms) => clock.sleepMs(ms),
  discipline: () => asking(() => clock.discipline()),
};

setHost(sandbox);
installGlobals();

/** Answers the host; what is thrown becomes an error of the contract. */
function answering<R>(answer: () => R): R {
  try {
    return answer();
  } catch (thrown) {
    if (thrown instanceof PluginError) throw toWire(thrown);
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    log.log("error", "the plugin threw", [
      { name: "error", value: String(error) },
      { name: "stack", value: error.stack ?? "" },
    ]);
    throw toWire(PluginError.internal(`the plugin threw ${String(error)}`));
  }
}

/** The exports of a plugin's component. The build picks those of its kind. */
export function exportsOf(plugin: Plugin) {
  const { name, version, description, schema } = plugin;
  const lifecycle = {
    describe: () => ({
      name,
      version,
      description,
      configSchema: schema === undefined ? "" : JSON.stringify(schema),
    }),
    validate: (json: string) => answering(() => plugin.validate?.(parseConfig(json)) ?? []),
  };
  switch (plugin.kind) {
    case "exporter": {
      const collect = (json: string, wire: Target) =>
        answering(() => {
          const target = new Target(wire.address, wire.labels, wire.params, wire.timeoutMs);
          const { contentType, body } = plugin.collect(parseConfig(json), target);
          return { contentType, body };
        });
      return { lifecycle, exporterApi: { collect } };
    }
    case "discovery": {
      const refresh = (json: string, cursor: string | null, waitMs: number) =>
        answering(() => {
          const found = plugin.refresh(parseConfig(json), cursor, waitMs);
          return {
            change: change(found.change),
            cursor: found.cursor ?? null,
            nextInMs: found.nextInMs ?? null,
            more: found.more ?? false,
            failing: found.failing ? toWire(found.failing) : null,
          };
        });
      return { lifecycle, discoveryApi: { refresh } };
    }
    case "notifier": {
      const notify = (json: string, group: AlertGroup) =>
        answering(() => {
          const { remoteId, note } = plugin.notify(parseConfig(json), group);
          return { remoteId: remoteId ?? null, note: note ?? "" };
        });
      return { lifecycle, notifierApi: { notify } };
    }
  }
}

function change(change: Change) {
  switch (change.tag) {
    case "unchanged":
      return { tag: "unchanged" };
    case "full":
      return { tag: "full", val: change.groups };
    case "delta":
      return { tag: "delta", val: { upsert: change.upsert, remove: change.remove } };
  }
}
