/** Ranges of time as Grafana writes them: "now-6h", "now/d", milliseconds, RFC 3339. Pure. */
import type { Zone } from "../format/time";
import { formatTime, parseTime } from "../format/time";

export interface TimeRange {
  fromMs: number;
  toMs: number;
}

export interface RangeText {
  from: string;
  to: string;
}

const DEFAULT_MS = 6 * 3_600_000;

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** The range at a moment; what cannot be read is the last six hours. */
export function resolveRange(range: RangeText, now: number, zone: Zone): TimeRange {
  const toMs = resolveTime(range.to, now, zone, true) ?? now;
  const fromMs = resolveTime(range.from, now, zone, false) ?? toMs - DEFAULT_MS;
  return fromMs < toMs ? { fromMs, toMs } : { fromMs: toMs - DEFAULT_MS, toMs };
}

/** One end of a range. "now/d" is the start of the day for the left end and its end for the right one. */
export function resolveTime(text: string, now: number, zone: Zone, isEnd: boolean): number | null {
  if (/^\d{10,}$/.test(text)) return text.length <= 10 ? Number(text) * 1000 : Number(text);
  if (!text.startsWith("now")) return parseMoment(text, zone);
  let at = now;
  let rest = text.slice(3);
  while (rest !== "") {
    const move = /^([+-])(\d+)([smhdwMy])/.exec(rest);
    const round = /^\/([smhdwMy])/.exec(rest);
    const match = move ?? round;
    if (!match) return null;
    if (move) at = shift(at, Number(`${move[1]}${move[2]}`), move[3] ?? "s", zone);
    else
      at = isEnd
        ? shift(startOf(at, round?.[1] ?? "s", zone), 1, round?.[1] ?? "s", zone) - 1
        : startOf(at, round?.[1] ?? "s", zone);
    rest = rest.slice(match[0].length);
  }
  return at;
}

/** "2026-01-31", "2026-01-31 08:05", RFC 3339: in the zone, where it has no offset of its own. */
function parseMoment(text: string, zone: Zone): number | null {
  const pattern = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(Z|[+-]\d{2}:\d{2})?)?$/;
  const [, day, time = "00:00", offset] = pattern.exec(text) ?? [];
  if (day === undefined) return null;
  const utc = Date.parse(`${day}T${time}Z`);
  // JavaScript takes the 31st of February for one of the first days of March.
  if (Number.isNaN(utc) || !new Date(utc).toISOString().startsWith(day)) return null;
  if (offset === undefined) return parseTime(`${day} ${time.slice(0, "00:00:00.000".length)}`, zone);
  const at = Date.parse(`${day}T${time}${offset}`);
  return Number.isNaN(at) ? null : at;
}

function shift(at: number, amount: number, unit: string, zone: Zone): number {
  const ms = UNIT_MS[unit];
  if (ms !== undefined && ms < 86_400_000) return at + amount * ms;
  const wall = toWall(at, zone);
  const [year, month, day] = [wall.getUTCFullYear(), wall.getUTCMonth(), wall.getUTCDate()];
  // Days and weeks keep the hour over a change of the clocks.
  const sinceMidnight = wall.getTime() - Date.UTC(year, month, day);
  if (unit === "d") return fromWall(year, month, day + amount, sinceMidnight, zone);
  if (unit === "w") return fromWall(year, month, day + amount * 7, sinceMidnight, zone);
  const target = month + amount * (unit === "y" ? 12 : 1);
  const lastDay = new Date(Date.UTC(year, target + 1, 0)).getUTCDate();
  return fromWall(year, target, Math.min(day, lastDay), sinceMidnight, zone);
}

function startOf(at: number, unit: string, zone: Zone): number {
  const fine = unit === "s" || unit === "m" ? UNIT_MS[unit] : undefined;
  if (fine !== undefined) return Math.floor(at / fine) * fine;
  const wall = toWall(at, zone);
  const [year, month, day] = [wall.getUTCFullYear(), wall.getUTCMonth(), wall.getUTCDate()];
  switch (unit) {
    case "h":
      return fromWall(year, month, day, wall.getUTCHours() * 3_600_000, zone);
    case "w":
      return fromWall(year, month, day - ((wall.getUTCDay() + 6) % 7), 0, zone);
    case "M":
      return fromWall(year, month, 1, 0, zone);
    case "y":
      return fromWall(year, 0, 1, 0, zone);
    default:
      return fromWall(year, month, day, 0, zone);
  }
}

/** The clock on the wall of a zone, as if it were UTC. */
function toWall(at: number, zone: Zone): Date {
  return new Date(zone === "utc" ? at : at - new Date(at).getTimezoneOffset() * 60_000);
}

function fromWall(year: number, month: number, day: number, sinceMidnight: number, zone: Zone): number {
  return zone === "utc"
    ? Date.UTC(year, month, day, 0, 0, 0, sinceMidnight)
    : new Date(year, month, day, 0, 0, 0, sinceMidnight).getTime();
}

/** Ranges to choose from, the usual ones first. */
export const QUICK_RANGES: readonly { label: string; from: string; to: string }[] = [
  { label: "Last 5 minutes", from: "now-5m", to: "now" },
  { label: "Last 15 minutes", from: "now-15m", to: "now" },
  { label: "Last 30 minutes", from: "now-30m", to: "now" },
  { label: "Last hour", from: "now-1h", to: "now" },
  { label: "Last 3 hours", from: "now-3h", to: "now" },
  { label: "Last 6 hours", from: "now-6h", to: "now" },
  { label: "Last 12 hours", from: "now-12h", to: "now" },
  { label: "Last 24 hours", from: "now-24h", to: "now" },
  { label: "Last 2 days", from: "now-2d", to: "now" },
  { label: "Last 7 days", from: "now-7d", to: "now" },
  { label: "Last 30 days", from: "now-30d", to: "now" },
  { label: "Last 90 days", from: "now-90d", to: "now" },
  { label: "Today", from: "now/d", to: "now/d" },
  { label: "Yesterday", from: "now-1d/d", to: "now-1d/d" },
  { label: "This week", from: "now/w", to: "now/w" },
];

/** A range in words. */
export function rangeLabel(range: RangeText, now: number, zone: Zone): string {
  const quick = QUICK_RANGES.find((each) => each.from === range.from && each.to === range.to);
  if (quick) return quick.label;
  const relative = /^now-(\d+[smhdwMy])$/.exec(range.from)?.[1];
  if (relative !== undefined && range.to === "now") return `Last ${relative}`;
  const end = (text: string, isEnd: boolean) => {
    if (text.startsWith("now")) return text;
    const at = resolveTime(text, now, zone, isEnd);
    return at === null ? text : formatTime(Math.floor(at / 1000) * 1000, zone);
  };
  return `${end(range.from, false)} to ${end(range.to, true)}`;
}
