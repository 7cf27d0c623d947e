/** The tree of routes: what a route sets itself, and what routes say of labels that are tried. Pure. */
import type { RouteNode, Trial } from "../alertingApi";

/** What a route takes from the one above it unless it says otherwise. */
export const INHERITED = ["groupBy", "groupWait", "groupInterval", "repeatInterval"] as const;
export type Inherited = (typeof INHERITED)[number];

/** The fields in which a route is not as the one above it; all of them for the root. */
export function ownFields(route: RouteNode, parent: RouteNode | null): Set<Inherited> {
  return new Set(INHERITED.filter((field) => parent === null || String(route[field]) !== String(parent[field])));
}

export function describeGroupBy(groupBy: readonly string[]): string {
  if (groupBy.length === 0) return "all in one group";
  if (groupBy.includes("...")) return "each alert by itself";
  return `grouped by ${groupBy.join(", ")}`;
}

/**
 * What a route says of labels: it tells its receiver, leaves that to routes below it, does not take
 * them, or is not asked because another one has said so before.
 */
export type Stance = "notifies" | "passes on" | "no" | "not asked";

export interface Verdict {
  stance: Stance;
  why: string;
}

/** Whether a route takes the labels, for its receiver or for routes below it. */
export function takes({ stance }: Verdict): boolean {
  return stance === "notifies" || stance === "passes on";
}

/** By the ids of the routes. */
export function verdicts(root: RouteNode, trial: Trial): Map<string, Verdict> {
  const asked = new Map(trial.asked.map((each) => [each.id, each]));
  const found = new Map<string, Verdict>();
  const visit = (route: RouteNode) => {
    const said = asked.get(route.id);
    found.set(route.id, { stance: stanceOf(route, asked), why: said?.why ?? "the route above does not take it" });
    route.routes.forEach(visit);
  };
  visit(root);
  return found;
}

function stanceOf(route: RouteNode, asked: ReadonlyMap<string, Trial["asked"][number]>): Stance {
  const outcome = asked.get(route.id)?.outcome;
  if (outcome === "no") return "no";
  if (outcome !== "yes") return "not asked";
  return route.routes.some((below) => asked.get(below.id)?.outcome === "yes") ? "passes on" : "notifies";
}
