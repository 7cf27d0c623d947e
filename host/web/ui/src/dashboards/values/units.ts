/** Values with their unit, as Grafana writes them. Pure; compared with Grafana's own formatter by units.test.ts. */
import { formatTime, type Zone } from "../../format/time";
import { BINARY, COUNT, CURRENCY, FIXED, SI } from "./unitTable";

/** A value as shown: the unit may be set smaller than the number. */
export interface Formatted {
  prefix: string;
  text: string;
  suffix: string;
}

export type Formatter = (value: number, decimals: number | null) => Formatted;

const SI_PREFIXES = ["f", "p", "n", "µ", "m", "", "k", "M", "G", "T", "P", "E", "Z", "Y"] as const;
const BINARY_PREFIXES = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"] as const;
const COUNT_SUFFIXES = ["", "K", "M", "B", "T"] as const;
const SHORT_SUFFIXES = ["", " K", " Mil", " Bil", " Tri", " Quadr", " Quint", " Sext", " Sept"] as const;

/** Spans of time in seconds: where a larger unit takes over, and how long that is. */
const MINUTE = 60;
const HOUR = 3_600;
const DAY = 86_400;
const WEEK = 604_800;
const YEAR = 31_536_000;

/** The formatter of a unit. An id that nobody knows is the unit itself, as in Grafana. */
export function unitFormatter(unit: string, zone: Zone = "local"): Formatter {
  const format = finiteFormatter(unit, zone);
  return (value, decimals) => (Number.isFinite(value) ? format(value, decimals) : formatted(specialText(value)));
}

function finiteFormatter(unit: string, zone: Zone): Formatter {
  const special = SPECIAL[unit];
  if (special) return special;
  if (unit.startsWith("dateTime") || unit.startsWith("time:")) return dateFormatter(unit, zone);
  const fixed = FIXED[unit];
  if (fixed !== undefined) return fixedUnit(fixed);
  const si = SI[unit];
  if (si !== undefined) return siUnit(...prefixAndUnit(si));
  const binary = BINARY[unit];
  if (binary !== undefined) return binaryUnit(...prefixAndUnit(binary));
  const counted = COUNT[unit];
  if (counted !== undefined) return countUnit(counted);
  const currency = CURRENCY[unit];
  if (currency !== undefined) return currencyUnit(currency);
  return customUnit(unit);
}

/** As one text. */
export function joinFormatted(value: Formatted): string {
  return `${value.prefix}${value.text}${value.suffix}`;
}

/** A part of a whole. */
export function percentText(share: number): string {
  return joinFormatted(unitFormatter("percentunit")(share, 1));
}

function formatted(text: string, suffix = "", prefix = ""): Formatted {
  return { prefix, text, suffix };
}

/** Rounded to `decimals`, or to three significant digits; whole numbers stay whole. */
export function roundedText(value: number, decimals: number | null): string {
  if (!Number.isFinite(value)) return specialText(value);
  const digits = decimals === null ? decimalsFor(value) : Math.min(20, Math.max(0, decimals));
  const text = String(Number((Math.round(value * 10 ** digits) / 10 ** digits).toPrecision(15)));
  if (text.includes("e") || digits === 0) return text;
  const [whole = "", fraction = ""] = text.split(".");
  return `${whole}.${fraction.padEnd(digits, "0")}`;
}

function specialText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  return value > 0 ? "∞" : "-∞";
}

function decimalsFor(value: number): number {
  if (Number.isInteger(value)) return 0;
  const size = Math.abs(value);
  const magnitude = Math.floor(Math.log10(size));
  // One digit less where the leading ones are small enough to tell neighbors apart.
  const decimals = 1 - magnitude + (size / 10 ** (magnitude - 1) > 2.25 ? 1 : 0);
  return Math.max(0, decimals);
}

function prefixAndUnit(entry: string): [prefix: string, unit: string] {
  const at = entry.indexOf(":");
  return [entry.slice(0, at), entry.slice(at + 1)];
}

function fixedUnit(unit: string): Formatter {
  return (value, decimals) => formatted(roundedText(value, decimals), unit === "" ? "" : ` ${unit}`);
}

/** Divides by the power of `base` that leaves at least one, as far as there are names for it. */
function scale(value: number, base: number, one: number, names: readonly string[]): { scaled: number; name: string } {
  const power = value === 0 || !Number.isFinite(value) ? 0 : Math.floor(exactLog(Math.abs(value), base));
  const index = Math.min(names.length - 1, Math.max(0, one + power));
  return { scaled: value / base ** (index - one), name: names[index] ?? "" };
}

/** A logarithm that is whole for whole powers. */
function exactLog(value: number, base: number): number {
  const log = Math.log(value) / Math.log(base);
  const near = Math.round(log);
  return Math.abs(log - near) < 1e-12 ? near : log;
}

function siUnit(prefix: string, unit: string): Formatter {
  const one = SI_PREFIXES.findIndex((each) => each === prefix);
  return (value, decimals) => {
    const { scaled, name } = scale(value, 1_000, one, SI_PREFIXES);
    return formatted(roundedText(scaled, decimals), ` ${name}${unit}`);
  };
}

function binaryUnit(prefix: string, unit: string): Formatter {
  const one = prefix === "" ? 0 : BINARY_PREFIXES.findIndex((each) => each === `${prefix}i`);
  return (value, decimals) => {
    const { scaled, name } = scale(value, 1_024, one, BINARY_PREFIXES);
    return formatted(roundedText(scaled, decimals), ` ${name}${unit}`);
  };
}

function countUnit(unit: string): Formatter {
  return (value, decimals) => {
    const { scaled, name } = scale(value, 1_000, 0, COUNT_SUFFIXES);
    return formatted(roundedText(scaled, decimals), unit === "" ? name : `${name} ${unit}`);
  };
}

function shortUnit(value: number, decimals: number | null): Formatted {
  const { scaled, name } = scale(value, 1_000, 0, SHORT_SUFFIXES);
  return formatted(roundedText(scaled, decimals), name);
}

function currencyUnit(entry: string): Formatter {
  const [before = "", behind = ""] = entry.split("|");
  return (value, decimals) => {
    const { scaled, name } = scale(Math.abs(value), 1_000, 0, COUNT_SUFFIXES);
    const sign = value < 0 ? "-" : "";
    const text = roundedText(scaled, decimals);
    // The sign stands before the symbol.
    return before === "" ? formatted(`${sign}${text}`, `${name}${behind}`) : formatted(text, name, `${sign}${before}`);
  };
}

/** "prefix:$", "suffix:apples", "si:mV", "count:tasks", "currency:€", "bool:on/off", or a word. */
function customUnit(unit: string): Formatter {
  const [kind, argument] = prefixAndUnit(unit);
  switch (kind) {
    case "prefix":
      return (value, decimals) => formatted(roundedText(value, decimals), "", argument);
    case "suffix":
      return fixedUnit(argument);
    case "si": {
      const prefix = SI_PREFIXES.find((each) => each !== "" && each === argument.charAt(0) && argument.length > 1);
      return siUnit(prefix ?? "", prefix === undefined ? argument : argument.slice(1));
    }
    case "count":
      return countUnit(argument);
    case "currency":
      return currencyUnit(`${argument}|`);
    case "bool": {
      const [yes = "", no = "-"] = argument.split("/");
      return boolean(yes, no);
    }
    default:
      return fixedUnit(unit);
  }
}

function boolean(yes: string, no: string): Formatter {
  return (value) => formatted(value === 0 ? no : yes);
}

type Span = [below: number, length: number, name: string];

/** The first span that a value stays below names it; the last one takes the rest. Only a larger unit has a plural, or the longest. */
function spans(unit: number, table: readonly Span[]): Formatter {
  return (value, decimals) => {
    const seconds = value * unit;
    const [, length, name] = table.find(([below]) => Math.abs(seconds) < below) ?? table.at(-1) ?? [0, 1, "s"];
    const scaled = value / Number((length / unit).toPrecision(12));
    const hasPlural = name.length > 2 && (length !== unit || unit === DAY);
    const isPlural = hasPlural && Math.abs(scaled) > 1;
    return formatted(roundedText(scaled, decimals), ` ${name}${isPlural ? "s" : ""}`);
  };
}

const REST = Number.POSITIVE_INFINITY;

const secondSpans = spans(1, [
  [1e-6, 1e-9, "ns"],
  [1e-3, 1e-6, "µs"],
  [1, 1e-3, "ms"],
  [MINUTE, 1, "s"],
  [HOUR, MINUTE, "min"],
  [DAY, HOUR, "hour"],
  [WEEK, DAY, "day"],
  [YEAR, WEEK, "week"],
  [REST, 31_556_900, "year"],
]);

function seconds(value: number, decimals: number | null): Formatted {
  return value === 0 ? formatted("0", " s") : secondSpans(value, decimals);
}

function duration(secondsEach: number, name: string): Formatter {
  const units: [number, string][] = [
    [YEAR, "year"],
    [2_592_000, "month"],
    [WEEK, "week"],
    [DAY, "day"],
    [HOUR, "hour"],
    [MINUTE, "minute"],
    [1, "second"],
    [0.001, "millisecond"],
  ];
  return (value, decimals) => {
    if (value === 0) return formatted("0", ` ${name}s`);
    let rest = Math.abs(value) * secondsEach * 1000;
    const first = units.findIndex(([length]) => rest >= length * 1000);
    const parts: string[] = [];
    for (const [length, unit] of first < 0 ? [] : units.slice(first, first + 1 + (decimals ?? 0))) {
      const amount = Math.floor(rest / (length * 1000));
      rest %= length * 1000;
      parts.push(`${amount} ${unit}${amount === 1 ? "" : "s"}`);
    }
    return formatted(parts.join(", "), value < 0 ? " ago" : "");
  };
}

function pad(value: number): string {
  return String(Math.floor(value)).padStart(2, "0");
}

function clockText(total: number): string {
  return `${pad(total / HOUR)}:${pad((total % HOUR) / MINUTE)}:${pad(total % MINUTE)}`;
}

/** "342h:56m:07s:891ms": as many parts as decimals say, else all. */
function clock(secondsEach: number): Formatter {
  return (value, decimals) => {
    const total = Math.floor(value * secondsEach * 1000);
    const rest = ((total % 1000) + 1000) % 1000;
    const whole = Math.floor(total / 1000);
    const parts = [
      `${Math.floor(whole / HOUR)}h`,
      `${pad((whole % HOUR) / MINUTE)}m`,
      `${pad(whole % MINUTE)}s`,
      `${String(rest).padStart(3, "0")}ms`,
    ];
    const first = total >= 3_600_000 ? 0 : total >= 60_000 ? 1 : total >= 1_000 ? 2 : 3;
    const shown = decimals === null || first === 3 ? parts.slice(first) : parts.slice(first, first + 1 + decimals);
    return formatted(shown.join(":"));
  };
}

/** Milliseconds since the epoch as an instant, in the zone that the user chose. */
function dateFormatter(unit: string, zone: Zone): Formatter {
  return (value) => {
    if (unit === "dateTimeFromNow") return formatted(fromNow(value - Date.now()));
    const text = formatTime(Math.floor(value / 1000) * 1000, zone);
    const isToday = unit.endsWith("NoDateIfToday") && text.slice(0, 10) === formatTime(Date.now(), zone).slice(0, 10);
    return formatted(isToday ? text.slice(11) : text);
  };
}

function fromNow(ms: number): string {
  const size = Math.abs(ms) / 1000;
  const { text, suffix } = seconds(size < 1 ? 0 : Math.round(size), 0);
  return ms < 0 ? `${text}${suffix} ago` : `in ${text}${suffix}`;
}

const SPECIAL: Readonly<Record<string, Formatter>> = {
  "": fixedUnit(""),
  none: fixedUnit(""),
  string: (value) => formatted(String(value)),
  short: shortUnit,
  sishort: siUnit("", ""),
  percent: (value, decimals) => formatted(roundedText(value, decimals), "%"),
  percentunit: (value, decimals) => formatted(roundedText(value * 100, decimals), "%"),
  locale: (value, decimals) =>
    formatted(value.toLocaleString("en", decimals === null ? {} : { maximumFractionDigits: decimals })),
  sci: (value, decimals) => formatted(value.toExponential(decimals ?? undefined)),
  hex: (value) => formatted(value.toString(16).toUpperCase()),
  hex0x: (value) => formatted(`0x${value.toString(16).toUpperCase()}`),
  pressurepsi: (value, decimals) => {
    const { scaled, name } = scale(value, 1_000, 0, ["", "k", "M", "G"]);
    return formatted(roundedText(scaled, decimals), `${name}psi`);
  },
  ns: spans(1e-9, [
    [1e-6, 1e-9, "ns"],
    [1e-3, 1e-6, "µs"],
    [1, 1e-3, "ms"],
    [MINUTE, 1, "s"],
    [HOUR, MINUTE, "min"],
    [DAY, HOUR, "hour"],
    [REST, DAY, "day"],
  ]),
  µs: spans(1e-6, [
    [1e-3, 1e-6, "µs"],
    [1, 1e-3, "ms"],
    [REST, 1, "s"],
  ]),
  ms: spans(1e-3, [
    [1, 1e-3, "ms"],
    [MINUTE, 1, "s"],
    [HOUR, MINUTE, "min"],
    [DAY, HOUR, "hour"],
    [YEAR, DAY, "day"],
    [REST, YEAR, "year"],
  ]),
  s: seconds,
  m: spans(MINUTE, [
    [HOUR, MINUTE, "min"],
    [DAY, HOUR, "hour"],
    [WEEK, DAY, "day"],
    [36_288_000, WEEK, "week"],
    [REST, 31_556_880, "year"],
  ]),
  h: spans(HOUR, [
    [DAY, HOUR, "hour"],
    [WEEK, DAY, "day"],
    [YEAR, WEEK, "week"],
    [REST, YEAR, "year"],
  ]),
  d: spans(DAY, [
    [WEEK, DAY, "day"],
    [YEAR, WEEK, "week"],
    [REST, YEAR, "year"],
  ]),
  dtdurationms: duration(0.001, "millisecond"),
  dtdurations: duration(1, "second"),
  dthms: (value) => formatted(clockText(Math.abs(value)), value < 0 ? " ago" : ""),
  dtdhms: (value) => {
    const days = Math.floor(Math.abs(value) / DAY);
    return formatted(`${days > 0 ? `${days} d ` : ""}${clockText(Math.abs(value) % DAY)}`, value < 0 ? " ago" : "");
  },
  timeticks: (value, decimals) => seconds(value / 100, decimals),
  clockms: clock(0.001),
  clocks: clock(1),
  bool: boolean("True", "False"),
  bool_yes_no: boolean("Yes", "No"),
  bool_on_off: boolean("On", "Off"),
  farenheit: fixedUnit("°F"),
};
