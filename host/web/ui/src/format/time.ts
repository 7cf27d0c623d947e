/** Instants as text, in the zone the user chose. Pure. */

export type Zone = "local" | "utc";

interface Fields {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  ms: number;
}

function fieldsOf(ms: number, zone: Zone): Fields {
  const date = new Date(ms);
  if (zone === "utc") {
    return {
      year: date.getUTCFullYear(),
      month: date.getUTCMonth() + 1,
      day: date.getUTCDate(),
      hour: date.getUTCHours(),
      minute: date.getUTCMinutes(),
      second: date.getUTCSeconds(),
      ms: date.getUTCMilliseconds(),
    };
  }
  return {
    year: date.getFullYear(),
    month: date.getMonth() + 1,
    day: date.getDate(),
    hour: date.getHours(),
    minute: date.getMinutes(),
    second: date.getSeconds(),
    ms: date.getMilliseconds(),
  };
}

function pad(value: number, width = 2): string {
  return String(value).padStart(width, "0");
}

/** "2026-01-31 08:05:00", with milliseconds only where they are not zero. */
export function formatTime(ms: number, zone: Zone): string {
  if (!Number.isFinite(ms)) return "–";
  const at = fieldsOf(ms, zone);
  const fraction = at.ms === 0 ? "" : `.${pad(at.ms, 3)}`;
  return `${pad(at.year, 4)}-${pad(at.month)}-${pad(at.day)} ${pad(at.hour)}:${pad(at.minute)}:${pad(at.second)}${fraction}`;
}

/** The value of an `<input type="datetime-local" step="1">`. */
export function formatForInput(ms: number, zone: Zone): string {
  return formatTime(Math.floor(ms / 1000) * 1000, zone).replace(" ", "T");
}

/** Reads "2026-01-31 08:05:00" (also with "T", without seconds, with fraction) in a zone. */
export function parseTime(text: string, zone: Zone): number | null {
  const match = /^(\d{4})-(\d{2})-(\d{2})[ T](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,3}))?)?$/.exec(text.trim());
  if (!match) return null;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((part) => Number(part ?? 0));
  const ms = Number((match[7] ?? "0").padEnd(3, "0"));
  const parts = [year, (month ?? 1) - 1, day, hour, minute, second ?? 0, ms] as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const at = zone === "utc" ? Date.UTC(...parts) : new Date(...parts).getTime();
  return Number.isFinite(at) ? at : null;
}

/**
 * The same of a text that a person is typing: a year passes through 0002 and 0020 on its way, which JavaScript takes
 * for 1902 and 1920, and which are not meant.
 */
export function parseTyped(text: string, zone: Zone): number | null {
  const at = text.trim().startsWith("0") ? null : parseTime(text, zone);
  return at !== null && at >= 0 ? at : null;
}

/** The moment that a text means that is being typed, where it is not the one that stands there: inputs leave `:00` away. */
export function newMoment(text: string, standing: number, zone: Zone): number | null {
  const typed = parseTyped(text, zone);
  return typed === parseTyped(formatForInput(standing, zone), zone) ? null : typed;
}

/** Milliseconds of an RFC 3339 instant; null for none and for the "never" of the API (year 1). */
export function parseInstant(text: string | null | undefined): number | null {
  if (!text || text.startsWith("0001-")) return null;
  const at = Date.parse(text);
  return Number.isFinite(at) ? at : null;
}
