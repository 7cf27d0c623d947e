// The imports of wit/narthex.wit as componentize-qjs presents them: names in camel case, null for an absent option, the error
// of a result thrown as it is.

declare module "narthex:plugin/http@1.0.0" {
  import type { HttpProbed, HttpRequest, HttpResponse } from "./host.ts";
  type Outcome = { tag: "ok"; val: HttpResponse } | { tag: "err"; val: import("./component.ts").WireError };
  export function fetch(request: HttpRequest): HttpResponse;
  export function fetchMany(requests: HttpRequest[], inFlightMax: number): Outcome[];
  export function fetchFirst(requests: HttpRequest[]): (Outcome | null)[];
  export function probe(request: HttpRequest, options: import("./error.ts").Label[]): HttpProbed;
}

declare module "narthex:plugin/tcp@1.0.0" {
  export class Connection {
    static connect(host: string, port: number, tls: string | null, timeoutMs: number): Connection;
    static open(host: string, port: number, options: import("./error.ts").Label[], timeoutMs: number): Connection;
    writeAll(data: Uint8Array, timeoutMs: number): void;
    read(max: number, timeoutMs: number): Uint8Array;
    startTls(tls: string, serverName: string | null, timeoutMs: number): void;
    facts(): import("./error.ts").Label[];
    certificates(): Uint8Array[];
    [Symbol.dispose](): void;
  }
}

declare module "narthex:plugin/dns@1.0.0" {
  import type { Label } from "./error.ts";
  import type { DnsAnswer, DnsExchanged } from "./host.ts";
  export function lookup(name: string, kind: string, timeoutMs: number): DnsAnswer[];
  export function exchange(server: string, port: number, query: Uint8Array, options: Label[], timeoutMs: number): DnsExchanged;
}

declare module "narthex:plugin/files@1.0.0" {
  import type { FileEntry, FsUsage } from "./host.ts";
  export function read(root: string, path: string, bytesMax: number): Uint8Array;
  export function listDir(root: string, path: string, limit: number): FileEntry[];
  export function readLink(root: string, path: string): string;
  export function modified(root: string, path: string): number;
  export function usage(root: string, path: string): FsUsage;
}

declare module "narthex:plugin/kv@1.0.0" {
  export function get(key: string): Uint8Array | null;
  export function set(key: string, value: Uint8Array, ttlMs: number | null): void;
  function remove(key: string): void;
  export { remove as delete };
  export function keys(prefix: string, limit: number): string[];
  export function compareAndSet(key: string, old: Uint8Array | null, value: Uint8Array | null): boolean;
}

declare module "narthex:plugin/log@1.0.0" {
  import type { Label } from "./error.ts";
  import type { Level } from "./host.ts";
  export function enabled(level: Level): boolean;
  export function log(level: Level, message: string, fields: Label[]): void;
}

declare module "narthex:plugin/clock@1.0.0" {
  export function wallMs(): number;
  export function monotonicNs(): number;
  export function deadlineMs(): number;
  export function sleepMs(ms: number): void;
  export function discipline(): import("./error.ts").Label[];
}
