// The imports of a FakeHost.

import { encodeUtf8 } from "../bytes.ts";
import { PluginError, labelsOf, type Label } from "../error.ts";
import type {
  DnsAnswer, DnsExchanged, FileEntry, FsUsage, Host, HttpOutcome, HttpProbed, HttpRequest, HttpResponse, Level, TcpConnection,
} from "../host.ts";

/** A canned answer of HTTP; 200 without headers and body unless it says otherwise. */
export type Answer = { status?: number; headers?: Record<string, string>; body?: string | Uint8Array } | PluginError;

interface Root {
  files: Map<string, Uint8Array>;
  links: Map<string, string>;
  usages: Map<string, FsUsage>;
  changes: Map<string, number>;
}

/** What is known of a connection. Each step takes a millisecond. */
function facts(address: string, steps: string[], hasTls: boolean): Label[] {
  const times = [...steps, ...(hasTls ? ["tls"] : [])].map((step) => ({ name: `${step}-ns`, value: "1000000" }));
  const tls = { "tls-version": "TLS 1.3", "tls-cipher": "TLS_AES_128_GCM_SHA256" };
  return [{ name: "address", value: address }, ...times, ...(hasTls ? labelsOf(tls) : [])];
}

export class FakeImports implements Host {
  readonly responders: [prefix: string, respond: (request: HttpRequest) => Answer][] = [];
  readonly records = new Map<string, string[] | PluginError>();
  readonly peers = new Map<string, Uint8Array[]>();
  readonly nameServers = new Map<string, (query: Uint8Array) => Uint8Array>();
  /** The options of probes, connections and exchanges. */
  readonly options: Label[] = [];
  told: Label[] | null = null;
  chain: Uint8Array[] = [];
  readonly kept = new Map<string, Uint8Array>();
  readonly requests: HttpRequest[] = [];
  readonly sent: number[] = [];
  readonly logs: { level: Level; message: string; fields: Label[] }[] = [];
  nowMs = 1_767_225_600_000;
  leftMs = 10_000;
  sleptMs = 0;
  readonly #roots = new Map<string, Root>();
  readonly #expiries = new Map<string, number>();

  #root(name: string): Root {
    const root = this.#roots.get(name) ?? { files: new Map(), links: new Map(), usages: new Map(), changes: new Map() };
    this.#roots.set(name, root);
    return root;
  }

  addFile(root: string, path: string, content: Uint8Array): void {
    this.#root(root).files.set(path, content);
  }

  addLink(root: string, path: string, target: string): void {
    this.#root(root).links.set(path, target);
  }

  addUsage(root: string, path: string, usage: FsUsage): void {
    this.#root(root).usages.set(path, usage);
  }

  setModified(root: string, path: string, atNs: number): void {
    this.#root(root).changes.set(path, atNs);
  }

  fetch(request: HttpRequest): HttpResponse {
    this.requests.push(request);
    const found = this.responders.find(([prefix]) => request.url.startsWith(prefix));
    if (found === undefined) throw PluginError.denied(`net: ${request.url} is not granted by this test`);
    const answer = found[1](request);
    if (answer instanceof PluginError) throw answer;
    const headers = Object.entries(answer.headers ?? {}).map(([name, value]) => ({ name: name.toLowerCase(), value }));
    const whole = typeof answer.body === "string" ? encodeUtf8(answer.body) : (answer.body ?? new Uint8Array());
    const body = whole.slice(0, request.maxBody ?? whole.length);
    return { status: answer.status ?? 200, headers, body, truncated: body.length < whole.length };
  }

  fetchMany(requests: HttpRequest[]): HttpOutcome[] {
    return requests.map((request) => {
      try {
        return this.fetch(request);
      } catch (error) {
        if (error instanceof PluginError) return error;
        throw error;
      }
    });
  }

  fetchFirst(requests: HttpRequest[]): (HttpOutcome | null)[] {
    return this.fetchMany(requests);
  }

  /** Answered as any request is, from an address for documentation. */
  probe(request: HttpRequest, options: Label[]): HttpProbed {
    this.options.push(...options);
    const response = this.fetch(request);
    const hasTls = request.url.startsWith("https:");
    const known = facts(hasTls ? "192.0.2.1:443" : "192.0.2.1:80", ["resolve", "connect", "processing", "transfer"], hasTls);
    known.push(...labelsOf({ "http-version": "1.1", "body-bytes": String(response.body.length) }));
    return { response, facts: known, certificates: hasTls ? this.chain : [] };
  }

  connect(name: string, port: number, tls: string | null): TcpConnection {
    const address = `${name}:${port}`;
    const pieces = this.peers.get(address);
    if (pieces === undefined) throw PluginError.denied(`net: ${address} is not granted by this test`);
    const left = [...pieces];
    let hasTls = tls !== null;
    return {
      writeAll: (data) => void this.sent.push(...data),
      read: () => left.shift() ?? new Uint8Array(),
      startTls: () => void (hasTls = true),
      facts: () => facts(address, ["resolve", "connect"], hasTls),
      certificates: () => (hasTls ? this.chain : []),
      close: () => void left.splice(0),
    };
  }

  open(name: string, port: number, options: Label[]): TcpConnection {
    this.options.push(...options);
    return this.connect(name, port, options.find((option) => option.name === "tls")?.value ?? null);
  }

  exchange(server: string, port: number, query: Uint8Array, options: Label[]): DnsExchanged {
    const address = `${server}:${port}`;
    this.options.push(...options);
    const answer = this.nameServers.get(address);
    if (answer === undefined) throw PluginError.denied(`net: ${address} is not granted by this test`);
    return { message: answer(query), facts: facts(address, ["resolve", "processing"], false) };
  }

  lookup(name: string, kind: string): DnsAnswer[] {
    const found = this.records.get(`${kind} ${name}`);
    if (found === undefined) throw PluginError.denied(`dns: ${kind} ${name} is not granted by this test`);
    if (found instanceof PluginError) throw found;
    return found.map((data) => ({ data, ttlS: 60 }));
  }

  #granted(root: string): Root {
    const found = this.#roots.get(root);
    if (found === undefined) throw PluginError.denied(`files: the root ${root} is not granted by this test`);
    return found;
  }

  readFile(root: string, path: string, bytesMax: number): Uint8Array {
    const content = present(this.#granted(root).files, root, path);
    if (content.length > bytesMax) throw PluginError.exhausted(`${root}/${path} has more than ${bytesMax} bytes`);
    return content;
  }

  listDir(root: string, path: string): FileEntry[] {
    const { files, links } = this.#granted(root);
    const prefix = path === "" ? "" : `${path}/`;
    const entries = new Map<string, FileEntry>();
    for (const name of [...files.keys(), ...links.keys()].filter((name) => name.startsWith(prefix))) {
      const [entry = "", ...below] = name.slice(prefix.length).split("/");
      const kind = below.length > 0 ? "directory" : links.has(name) ? "symlink" : "file";
      entries.set(entry, { name: entry, kind });
    }
    if (entries.size === 0) throw missing(root, path);
    return [...entries.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  readLink(root: string, path: string): string {
    return present(this.#granted(root).links, root, path);
  }

  modified(root: string, path: string): number {
    const { files, changes } = this.#granted(root);
    present(files, root, path);
    return changes.get(path) ?? 0;
  }

  usage(root: string, path: string): FsUsage {
    return present(this.#granted(root).usages, root, path);
  }

  kvGet(key: string): Uint8Array | null {
    if ((this.#expiries.get(key) ?? Infinity) <= this.nowMs) this.kvDelete(key);
    return this.kept.get(key) ?? null;
  }

  kvSet(key: string, value: Uint8Array, ttlMs: number | null): void {
    this.kept.set(key, value);
    if (ttlMs === null) this.#expiries.delete(key);
    else this.#expiries.set(key, this.nowMs + ttlMs);
  }

  kvDelete(key: string): void {
    this.kept.delete(key);
    this.#expiries.delete(key);
  }

  kvKeys(prefix: string, limit: number): string[] {
    const names = [...this.kept.keys()].filter((key) => this.kvGet(key) !== null && key.startsWith(prefix));
    return names.sort().slice(0, limit);
  }

  kvCompareAndSet(key: string, old: Uint8Array | null, value: Uint8Array | null): boolean {
    const found = this.kvGet(key);
    const isSame = found === null || old === null ? found === old : equal(found, old);
    if (!isSame) return false;
    if (value === null) this.kvDelete(key);
    else this.kvSet(key, value, null);
    return true;
  }

  logEnabled(): boolean {
    return true;
  }

  log(level: Level, message: string, fields: Label[]): void {
    this.logs.push({ level, message, fields });
  }

  wallMs(): number {
    return this.nowMs;
  }

  monotonicNs(): number {
    return this.nowMs * 1e6;
  }

  deadlineMs(): number {
    return this.leftMs;
  }

  sleepMs(ms: number): void {
    const slept = Math.min(ms, this.leftMs);
    this.leftMs -= slept;
    this.nowMs += slept;
    this.sleptMs += slept;
  }

  discipline(): Label[] {
    if (this.told === null) throw PluginError.unreachable("nobody keeps this clock").detail("errno", "ENOSYS");
    return this.told;
  }
}

function present<V>(map: Map<string, V>, root: string, path: string): V {
  const value = map.get(path);
  if (value === undefined) throw missing(root, path);
  return value;
}

function missing(root: string, path: string): PluginError {
  return PluginError.unreachable(`${root}/${path}: no such file`).detail("errno", "ENOENT");
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
