/** A silence while it is written: its fields, what is wrong with them, and what comes of them. Pure. */
import type { Silence, SilenceTerms } from "../alertingApi";
import { formatDuration, parseDuration } from "../format/duration";
import { parseInstant } from "../format/time";
import type { Matcher } from "../matchers/matcher";
import { draftOf, intervalOf, intervalProblems, type IntervalDraft, type IntervalProblems } from "./interval";

const MINUTE_MS = 60_000;

/** How long a silence lasts until somebody says otherwise, and one that recurs. */
const USUAL_LASTS = "2h";
const USUAL_LASTS_RECURRING = "4w";

export interface SilenceDraft {
  matchers: Matcher[];
  /** Milliseconds; null is when it is saved. */
  startsAt: number | null;
  /** How long it lasts, as it is typed, or when it ends. */
  end: { lasts: string } | { at: number };
  createdBy: string;
  comment: string;
  /** Kept as they are: there are no fields for them. */
  annotations: Record<string, string>;
  /** Without any it holds from its start to its end. */
  intervals: IntervalDraft[];
}

export interface SilenceProblems {
  matchers?: string;
  startsAt?: string;
  end?: string;
  createdBy?: string;
  comment?: string;
  /** One for each interval. */
  intervals?: (IntervalProblems | null)[];
}

export function newDraft(matchers: Matcher[], createdBy: string, comment = ""): SilenceDraft {
  return { matchers, startsAt: null, end: { lasts: USUAL_LASTS }, createdBy, comment, annotations: {}, intervals: [] };
}

/** With other times at which it holds. With the first of them it lasts long enough to recur. */
export function withInterval(draft: SilenceDraft, added: IntervalDraft): SilenceDraft {
  const isUsual = "lasts" in draft.end && draft.end.lasts === USUAL_LASTS;
  const end = draft.intervals.length === 0 && isUsual ? { lasts: USUAL_LASTS_RECURRING } : draft.end;
  return { ...draft, end, intervals: [...draft.intervals, added] };
}

/** A silence to be changed. One that is over begins anew, for as long as it was, by who makes it again. */
export function draftOfSilence(silence: Silence, author: string): SilenceDraft {
  const startsAt = parseInstant(silence.startsAt) ?? 0;
  const endsAt = parseInstant(silence.endsAt) ?? 0;
  const isOver = silence.status.state === "expired";
  return {
    matchers: silence.matchers,
    startsAt: isOver ? null : startsAt,
    end: isOver ? { lasts: formatDuration(wholeMinutes(endsAt - startsAt)) } : { at: endsAt },
    createdBy: isOver && author !== "" ? author : silence.createdBy,
    comment: silence.comment,
    annotations: silence.annotations ?? {},
    intervals: (silence.timeIntervals ?? []).map(draftOf),
  };
}

/** At least one. */
function wholeMinutes(ms: number): number {
  return Math.max(1, Math.round(ms / MINUTE_MS)) * MINUTE_MS;
}

/** When it ends; null while that is not known. */
export function endOf(draft: SilenceDraft, now: number): number | null {
  if ("at" in draft.end) return draft.end.at;
  const duration = parseDuration(draft.end.lasts);
  return duration === null ? null : (draft.startsAt ?? now) + duration;
}

/** How long it lasts, as text: what is typed, or what follows from the end. */
export function lastsOf(draft: SilenceDraft, now: number): string {
  if ("lasts" in draft.end) return draft.end.lasts;
  const duration = draft.end.at - (draft.startsAt ?? now);
  return duration < MINUTE_MS / 2 ? "" : formatDuration(wholeMinutes(duration));
}

/** Null where nothing is wrong that can be known here. */
export function problemsOf(draft: SilenceDraft, now: number): SilenceProblems | null {
  const problems: SilenceProblems = {};
  const end = endOf(draft, now);
  if (draft.matchers.length === 0) problems.matchers = "Say which alerts it is about.";
  if (end === null) problems.end = "Write how long it lasts as 2h or 1d12h.";
  else if (end <= (draft.startsAt ?? now)) problems.end = "It would end before it begins.";
  else if (end <= now) problems.end = "It would be over already.";
  if (draft.createdBy.trim() === "") problems.createdBy = "Say who makes it.";
  if (draft.comment.trim() === "") problems.comment = "Say why.";
  const intervals = draft.intervals.map(intervalProblems);
  if (intervals.some((each) => each !== null)) problems.intervals = intervals;
  return Object.keys(problems).length === 0 ? null : problems;
}

/** What is sent of a draft without problems. */
export function termsOf(draft: SilenceDraft, now: number): SilenceTerms {
  const terms: SilenceTerms = {
    matchers: draft.matchers,
    startsAt: new Date(draft.startsAt ?? now).toISOString(),
    endsAt: new Date(endOf(draft, now) ?? now).toISOString(),
    createdBy: draft.createdBy.trim(),
    comment: draft.comment.trim(),
  };
  if (Object.keys(draft.annotations).length > 0) terms.annotations = draft.annotations;
  if (draft.intervals.length > 0) terms.timeIntervals = draft.intervals.map(intervalOf);
  return terms;
}
