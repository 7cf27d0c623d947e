// DNS by the host's resolver.

import { PluginError, byName, labelsOf } from "./error.ts";
import { host, type DnsAnswer } from "./host.ts";

export type { DnsAnswer };

/** A record of type SRV. */
export interface Srv {
  priority: number;
  weight: number;
  port: number;
  /** An absolute name that ends in a dot. */
  target: string;
}

/** Records as they are written in a zone file. A name that does not exist is an empty list. */
export function lookup(name: string, kind: string, timeoutMs = 5_000): DnsAnswer[] {
  return host().lookup(name, kind, timeoutMs);
}

/** What a nameserver answered, and how it came. */
export interface Exchanged {
  /** A message of RFC 1035. */
  message: Uint8Array;
  /** `address`, `resolve-ns` and `processing-ns`. */
  facts: Record<string, string>;
}

/**
 * Asks one server over UDP, once, with a message of RFC 1035 that has one question: to watch a nameserver. Of the options there
 * is `ip`, as for `http.probe`.
 */
export function exchange(
  server: string,
  port: number,
  query: Uint8Array,
  options: Record<string, string> = {},
  timeoutMs = 5_000,
): Exchanged {
  const { message, facts } = host().exchange(server, port, query, labelsOf(options), timeoutMs);
  return { message, facts: byName(facts) };
}

/** Addresses, of type A unless AAAA is asked for. */
export function addresses(name: string, kind: "A" | "AAAA" = "A", timeoutMs = 5_000): string[] {
  return lookup(name, kind, timeoutMs).map((answer) => answer.data);
}

/** Services. */
export function srv(name: string, timeoutMs = 5_000): Srv[] {
  return lookup(name, "SRV", timeoutMs).map(({ data }) => {
    const [priority, weight, port] = data.split(/\s+/).slice(0, 3).map(Number);
    const target = data.split(/\s+/)[3];
    if (priority === undefined || weight === undefined || !port || target === undefined) {
      throw PluginError.protocol(`SRV record of ${name} cannot be read: ${data}`);
    }
    return { priority, weight, port, target };
  });
}
