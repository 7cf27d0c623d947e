/** Time intervals of silences: as they are typed, as the host reads them, and as people do. Pure. */
import type { TimeInterval } from "../alertingApi";

export const WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] as const;

/** The host counts the days of a week from here; a range does not go over its end. */
const HOST_WEEKDAYS = ["sunday", ...WEEKDAYS.slice(0, 6)] as readonly string[];

/** An interval while it is typed; an empty field means always. */
export interface IntervalDraft {
  /** `02:00-04:00, 22:00-24:00` */
  times: string;
  weekdays: string[];
  /** `1:5, -1` */
  daysOfMonth: string;
  /** `january:march, 12` */
  months: string;
  /** `2026, 2028:2030` */
  years: string;
  location: string;
}

export type IntervalProblems = Partial<Record<keyof IntervalDraft, string>>;

const TIME = /^([01]?\d|2[0-3]):[0-5]\d$|^24:00$/;
const DAY = /^-?([1-9]|[12]\d|3[01])$/;
const MONTH =
  /^(january|february|march|april|may|june|july|august|september|october|november|december|[1-9]|1[0-2])$/i;
const YEAR = /^\d{4}$/;

export function emptyInterval(location: string): IntervalDraft {
  return { times: "", weekdays: [], daysOfMonth: "", months: "", years: "", location };
}

function parts(text: string): string[] {
  return text
    .split(",")
    .map((part) => part.trim())
    .filter(Boolean);
}

/** What keeps a draft from being an interval, field by field; null where nothing does. */
export function intervalProblems(draft: IntervalDraft): IntervalProblems | null {
  const problems: IntervalProblems = {};
  const areTimes = parts(draft.times).every((part) => {
    const [start = "", end = "", ...rest] = part.split("-").map((time) => time.trim());
    return rest.length === 0 && TIME.test(start) && TIME.test(end) && minutes(start) < minutes(end);
  });
  if (!areTimes) problems.times = "Write it as 02:00-04:00; a night is 22:00-24:00, 00:00-06:00.";
  const areRanges = (text: string, one: RegExp) =>
    parts(text).every((part) => {
      const ends = part.split(":").map((end) => end.trim());
      return ends.length <= 2 && ends.every((end) => one.test(end));
    });
  if (!areRanges(draft.daysOfMonth, DAY)) problems.daysOfMonth = "Write it as 1:5, 15 or, from the end, -1.";
  if (!areRanges(draft.months, MONTH)) problems.months = "Write it as january:march or 12.";
  if (!areRanges(draft.years, YEAR)) problems.years = "Write it as 2026 or 2026:2028.";
  const isAlways =
    draft.weekdays.length === 0 && [draft.times, draft.daysOfMonth, draft.months, draft.years].every((text) => parts(text).length === 0);
  if (isAlways) problems.times = "Choose hours or days: without any it would always hold.";
  return Object.keys(problems).length === 0 ? null : problems;
}

function minutes(time: string): number {
  const [hour = "", minute = ""] = time.split(":");
  return Number(hour) * 60 + Number(minute);
}

/** The interval of a draft without problems. */
export function intervalOf(draft: IntervalDraft): TimeInterval {
  const interval: TimeInterval = {};
  const times = parts(draft.times).map((part) => {
    const [start = "", end = ""] = part.split("-").map((time) => time.trim().padStart(5, "0"));
    return { start_time: start, end_time: end };
  });
  const ranges = (text: string) => parts(text).map((part) => part.replace(/\s/g, "").toLowerCase());
  const fields = {
    weekdays: weekdayRanges(draft.weekdays),
    days_of_month: ranges(draft.daysOfMonth),
    months: ranges(draft.months),
    years: ranges(draft.years),
  };
  if (times.length > 0) interval.times = times;
  for (const name of ["weekdays", "days_of_month", "months", "years"] as const) {
    if (fields[name].length > 0) interval[name] = fields[name];
  }
  if (draft.location.trim() !== "") interval.location = draft.location.trim();
  return interval;
}

export function draftOf(interval: TimeInterval): IntervalDraft {
  return {
    times: (interval.times ?? []).map((range) => `${range.start_time}-${range.end_time}`).join(", "),
    weekdays: WEEKDAYS.filter((day) => (interval.weekdays ?? []).flatMap(weekdaysOf).includes(day)),
    daysOfMonth: (interval.days_of_month ?? []).join(", "),
    months: (interval.months ?? []).join(", "),
    years: (interval.years ?? []).join(", "),
    location: interval.location ?? "",
  };
}

function weekdaysOf(range: string): readonly string[] {
  const [first = "", last = first] = range.toLowerCase().split(":");
  return HOST_WEEKDAYS.slice(HOST_WEEKDAYS.indexOf(first), HOST_WEEKDAYS.indexOf(last) + 1);
}

/** Days beside each other become one range. */
function weekdayRanges(days: readonly string[]): string[] {
  const ranges: [first: string, last: string][] = [];
  let isBeside = false;
  for (const day of HOST_WEEKDAYS) {
    if (days.includes(day)) {
      const newest = ranges.at(-1);
      if (isBeside && newest) newest[1] = day;
      else ranges.push([day, day]);
    }
    isBeside = days.includes(day);
  }
  return ranges.map(([first, last]) => (first === last ? first : `${first}:${last}`));
}

/** "monday to friday, 02:00 to 04:00, Europe/Berlin" */
export function describeInterval(interval: TimeInterval): string {
  const range = (text: string) => text.replace(":", " to ");
  const list = (texts: readonly string[]) => texts.join(" and ");
  const { times = [], weekdays = [], days_of_month: days = [], months = [], years = [] } = interval;
  return [
    list(weekdays.map(range)),
    days.length > 0 ? `day ${list(days.map(range))} of the month` : "",
    list(months.map(range)),
    list(years.map(range)),
    list(times.map((each) => `${each.start_time} to ${each.end_time}`)),
    interval.location ?? "UTC",
  ]
    .filter(Boolean)
    .join(", ");
}
