// DNS by the host's resolver.

import { PluginError } from "./error.ts";
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
