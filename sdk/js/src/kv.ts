// Small durable state of the plugin: it survives calls, reloads and restarts.

import { decodeUtf8, encodeUtf8 } from "./bytes.ts";
import { host } from "./host.ts";

/** The value of a key, or null. */
export function get(key: string): Uint8Array | null {
  return host().kvGet(key);
}

/** The value of a key as text, or null. */
export function getText(key: string): string | null {
  const value = get(key);
  return value === null ? null : decodeUtf8(value);
}

/** Sets a key. With `ttlMs` it vanishes that many milliseconds later. */
export function set(key: string, value: string | Uint8Array, ttlMs: number | null = null): void {
  host().kvSet(key, bytes(value), ttlMs);
}

/** Removes a key. A key that does not exist is no error. */
export function remove(key: string): void {
  host().kvDelete(key);
}

/** The first `limit` keys that begin with `prefix`, sorted. */
export function keys(prefix: string, limit = 1_000): string[] {
  return host().kvKeys(prefix, limit);
}

/** Replaces `old` (null: no such key) by `value` (null: remove it) in one step; false when something else was there. */
export function compareAndSet(
  key: string,
  old: string | Uint8Array | null,
  value: string | Uint8Array | null,
): boolean {
  return host().kvCompareAndSet(key, old === null ? null : bytes(old), value === null ? null : bytes(value));
}

function bytes(value: string | Uint8Array): Uint8Array {
  return typeof value === "string" ? encodeUtf8(value) : value;
}
