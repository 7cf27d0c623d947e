/** What a plugin may do against what it can ask for. Pure. */
import type { Plugin, PluginGrant } from "../api";

export interface Import {
  /** As the component names it: "narthex:plugin/files@1.0.0". */
  id: string;
  /** The interface alone: "files". */
  name: string;
  /** Ours, or part of the runtime that languages bring along (WASI, linked without any authority). */
  isOurs: boolean;
}

/** Interfaces of the contract that give no authority and so need no grant; so do the worlds' own ("exporter-api"). */
const FREE = new Set(["types", "lifecycle", "log", "clock"]);

/** Interfaces that share one capability, because they reach the same things. */
const CAPABILITY_OF: Readonly<Record<string, string>> = { http: "net", tcp: "net" };

function givesAuthority({ isOurs, name }: Import): boolean {
  return isOurs && !FREE.has(name) && !name.endsWith("-api");
}

export function readImport(id: string): Import {
  const [path = id] = id.split("@");
  const slash = path.lastIndexOf("/");
  return { id, name: slash === -1 ? path : path.slice(slash + 1), isOurs: id.startsWith("narthex:") };
}

export interface CapabilityUse {
  capability: string;
  grants: PluginGrant[];
  /** Whether the component imports an interface that needs it. */
  isImported: boolean;
}

/** One line per capability: granted or imported or both. Grants without an import are worth a look. */
export function capabilityUse(plugin: Pick<Plugin, "imports" | "grants">): CapabilityUse[] {
  const imported = new Set(
    plugin.imports
      .map(readImport)
      .filter(givesAuthority)
      .map((each) => CAPABILITY_OF[each.name] ?? each.name),
  );
  const names = new Set([...imported, ...plugin.grants.map((grant) => grant.capability)]);
  return [...names].sort().map((capability) => ({
    capability,
    grants: plugin.grants.filter((grant) => grant.capability === capability),
    isImported: imported.has(capability),
  }));
}
