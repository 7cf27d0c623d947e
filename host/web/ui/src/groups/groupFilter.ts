/** Which alerts of which groups are shown. Pure. */
import type { NotificationGroup, SentAlert } from "../alertingApi";

/** What an alert can be: told of, kept quiet for one reason or many, cared for. */
export type Kind = "active" | "silenced" | "inhibited" | "muted" | "acknowledged";

export const KINDS: readonly Kind[] = ["active", "silenced", "inhibited", "muted", "acknowledged"];

/** What is kept quiet is shown when it is asked for. */
const SHOWN_FIRST: readonly Kind[] = ["active", "acknowledged"];

export function kindsOf(alert: SentAlert): Kind[] {
  const { silencedBy, inhibitedBy, mutedBy } = alert.status;
  const kinds: Kind[] = [];
  if (silencedBy.length > 0) kinds.push("silenced");
  if (inhibitedBy.length > 0) kinds.push("inhibited");
  if (mutedBy.length > 0) kinds.push("muted");
  if (kinds.length === 0) kinds.push("active");
  if (alert.acknowledgement) kinds.push("acknowledged");
  return kinds;
}

/** Reads the kinds to show from the address: none named is the usual choice, "none" is no kind. */
export function readKinds(text: string): Kind[] {
  if (text === "") return [...SHOWN_FIRST];
  const words = text.split(",");
  return KINDS.filter((kind) => words.includes(kind));
}

export function writeKinds(kinds: readonly Kind[]): string {
  const text = KINDS.filter((kind) => kinds.includes(kind)).join(",");
  if (text === SHOWN_FIRST.join(",")) return "";
  return text === "" ? "none" : text;
}

/** Whose groups are shown; empty: everyone's. */
export interface Whose {
  receiver: string;
  /** The id of a route. */
  route: string;
}

/** Groups of a receiver and a route, with the alerts of which every kind is shown. */
export function shownGroups(
  groups: readonly NotificationGroup[],
  kinds: readonly Kind[],
  { receiver, route }: Whose,
): NotificationGroup[] {
  return groups
    .filter((group) => (receiver === "" || group.receiver.name === receiver) && (route === "" || group.route === route))
    .map((group) => ({
      ...group,
      alerts: group.alerts.filter((alert) => kindsOf(alert).every((kind) => kinds.includes(kind))),
    }))
    .filter((group) => group.alerts.length > 0);
}

/** How many alerts of the groups are of each kind; one in many groups counts once. */
export function countKinds(groups: readonly NotificationGroup[]): Record<Kind, number> {
  const seen: Record<Kind, Set<string>> = {
    active: new Set(),
    silenced: new Set(),
    inhibited: new Set(),
    muted: new Set(),
    acknowledged: new Set(),
  };
  for (const alert of groups.flatMap((group) => group.alerts)) {
    for (const kind of kindsOf(alert)) seen[kind].add(alert.fingerprint);
  }
  return {
    active: seen.active.size,
    silenced: seen.silenced.size,
    inhibited: seen.inhibited.size,
    muted: seen.muted.size,
    acknowledged: seen.acknowledged.size,
  };
}

export function receiversOf(groups: readonly NotificationGroup[], chosen: string): string[] {
  const names = new Set(groups.map((group) => group.receiver.name));
  if (chosen !== "") names.add(chosen);
  return [...names].sort();
}

/** A key for each group. */
export function groupKeys(groups: readonly NotificationGroup[]): string[] {
  return groups.map((group) => JSON.stringify([group.route, group.labels]));
}
