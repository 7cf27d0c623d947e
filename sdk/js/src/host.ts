// The host as the SDK sees it: the imports of wit/narthex.wit, with exceptions for errors.
//
// Always holds: everything outside of the guest is reached through `host()`, so that the same code runs in the sandbox and,
// under Node.js, on a `FakeHost`.

import { PluginError, type Label } from "./error.ts";

/** An HTTP request as it is sent. */
export interface HttpRequest {
  method: string;
  url: string;
  headers: Label[];
  body: Uint8Array;
  timeoutMs: number | null;
  maxBody: number | null;
  auth: string | null;
}

/** An HTTP answer as it came. */
export interface HttpResponse {
  status: number;
  headers: Label[];
  body: Uint8Array;
  truncated: boolean;
}

/** An HTTP answer, and how it came. */
export interface HttpProbed {
  response: HttpResponse;
  facts: Label[];
  certificates: Uint8Array[];
}

/** One of several answers. */
export type HttpOutcome = HttpResponse | PluginError;

/** An open connection. */
export interface TcpConnection {
  writeAll(data: Uint8Array, timeoutMs: number): void;
  /** Nothing: the peer closed. */
  read(max: number, timeoutMs: number): Uint8Array;
  startTls(tls: string, serverName: string | null, timeoutMs: number): void;
  facts(): Label[];
  certificates(): Uint8Array[];
  close(): void;
}

/** A DNS record: its data as in a zone file. */
export interface DnsAnswer {
  data: string;
  ttlS: number;
}

/** What a nameserver answered, and how it came. */
export interface DnsExchanged {
  message: Uint8Array;
  facts: Label[];
}

/** An entry of a directory. */
export interface FileEntry {
  name: string;
  kind: "file" | "directory" | "symlink" | "other";
}

/** How full a file system is; blocks and inodes as `statvfs` tells them. */
export interface FsUsage {
  blockSize: number;
  blocks: number;
  free: number;
  available: number;
  files: number;
  filesFree: number;
  fsType: number;
}

/** Severity, lowest first. */
export type Level = "trace" | "debug" | "info" | "warn" | "error";

/** What a plugin may ask of the host. Each function throws a `PluginError`. */
export interface Host {
  fetch(request: HttpRequest): HttpResponse;
  fetchMany(requests: HttpRequest[], inFlightMax: number): HttpOutcome[];
  fetchFirst(requests: HttpRequest[]): (HttpOutcome | null)[];
  probe(request: HttpRequest, options: Label[]): HttpProbed;
  connect(host: string, port: number, tls: string | null, timeoutMs: number): TcpConnection;
  open(host: string, port: number, options: Label[], timeoutMs: number): TcpConnection;
  lookup(name: string, kind: string, timeoutMs: number): DnsAnswer[];
  exchange(server: string, port: number, query: Uint8Array, options: Label[], timeoutMs: number): DnsExchanged;
  readFile(root: string, path: string, bytesMax: number): Uint8Array;
  listDir(root: string, path: string, limit: number): FileEntry[];
  readLink(root: string, path: string): string;
  /** In nanoseconds since the Unix epoch, rounded to what a number holds. */
  modified(root: string, path: string): number;
  usage(root: string, path: string): FsUsage;
  kvGet(key: string): Uint8Array | null;
  kvSet(key: string, value: Uint8Array, ttlMs: number | null): void;
  kvDelete(key: string): void;
  kvKeys(prefix: string, limit: number): string[];
  kvCompareAndSet(key: string, old: Uint8Array | null, value: Uint8Array | null): boolean;
  logEnabled(level: Level): boolean;
  log(level: Level, message: string, fields: Label[]): void;
  wallMs(): number;
  monotonicNs(): number;
  deadlineMs(): number;
  sleepMs(ms: number): void;
  discipline(): Label[];
}

let current: Host | null = null;

/** The host of the code that runs now. */
export function host(): Host {
  if (current === null) {
    throw PluginError.internal("there is no host here: in a test, call the plugin through a FakeHost");
  }
  return current;
}

/** Makes this the host; returns the former one. For the component and for tests. */
export function setHost(next: Host | null): Host | null {
  const former = current;
  current = next;
  return former;
}
