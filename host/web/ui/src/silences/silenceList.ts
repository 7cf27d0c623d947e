/** Which silences are shown. Pure. */
import type { SentAlert, Silence, SilenceState } from "../alertingApi";
import { matchesFilter } from "../format/labels";
import { formatMatcher, operatorOf } from "../matchers/matcher";

export const SILENCE_STATES: readonly SilenceState[] = ["active", "pending", "expired"];

/** Those in a state that pass the words; without a state, those that are not over. */
export function filterSilences(silences: readonly Silence[], state: string, text: string): Silence[] {
  return silences
    .filter((silence) => (state === "" ? silence.status.state !== "expired" : silence.status.state === state))
    .filter((silence) => matchesFilter(text, textsOf(silence)));
}

export function countSilences(silences: readonly Silence[]): Record<SilenceState, number> {
  const counts: Record<SilenceState, number> = { active: 0, pending: 0, expired: 0 };
  for (const silence of silences) counts[silence.status.state] += 1;
  return counts;
}

/** How many alerts each silence keeps quiet, by its id; those that keep none are left out. */
export function countQuiet(alerts: readonly SentAlert[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const id of alerts.flatMap((alert) => alert.status.silencedBy)) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}

function textsOf({ id, matchers, createdBy, comment }: Silence): string[] {
  const ofMatchers = matchers.flatMap((each) => [formatMatcher(each), `${each.name}${operatorOf(each)}${each.value}`]);
  return [id, createdBy, comment, ...ofMatchers];
}
