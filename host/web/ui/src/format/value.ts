/** Numbers as people read them. Pure. */

const SI: readonly [number, string][] = [
  [1e24, "Y"],
  [1e21, "Z"],
  [1e18, "E"],
  [1e15, "P"],
  [1e12, "T"],
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
];

/** A sample value as the host prints it, as a number. "NaN", "+Inf" and "-Inf" included. */
export function parseValue(text: string): number {
  if (text === "+Inf" || text === "Inf") return Number.POSITIVE_INFINITY;
  if (text === "-Inf") return Number.NEGATIVE_INFINITY;
  return text.trim() === "" ? Number.NaN : Number(text);
}

/**
 * A value on an axis whose ticks lie `increment` apart: just enough digits to tell neighbors apart,
 * SI prefixes for the large, exponents for the very small.
 */
export function formatAxisValue(value: number, increment: number): string {
  if (!Number.isFinite(value)) return formatSpecial(value);
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 1e-4) return value.toExponential(Math.max(0, digitsBetween(size, increment)));
  for (const [scale, prefix] of SI) {
    if (size >= scale) return `${trim((value / scale).toFixed(decimalsFor(increment / scale)))}${prefix}`;
  }
  return trim(value.toFixed(decimalsFor(increment)));
}

/** A value in a legend or tooltip: up to six significant digits, large numbers grouped. */
export function formatValue(value: number): string {
  if (!Number.isFinite(value)) return formatSpecial(value);
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size < 1e-4 || size >= 1e15) return trimExponent(value.toExponential(5));
  if (Number.isInteger(value)) return group(String(value));
  const digits = size >= 1e6 ? 2 : Math.max(0, 6 - Math.ceil(Math.log10(size)));
  return group(trim(value.toFixed(Math.min(10, digits))));
}

/** Bytes with a binary prefix: "64 MiB". */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes)) return "–";
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let rest = bytes;
  let unit = 0;
  while (Math.abs(rest) >= 1024 && unit < units.length - 1) {
    rest /= 1024;
    unit += 1;
  }
  return `${Number(rest.toPrecision(4))} ${units[unit]}`;
}

/** A share from 0 to 1 in percent, with two digits: "17 %". */
export function formatShare(share: number): string {
  if (share === 0) return "0 %";
  return share < 0.001 ? "<0.1 %" : `${formatValue(Number((share * 100).toPrecision(2)))} %`;
}

/** "1 series", "2 targets": the noun in the number that fits. */
export function count(amount: number, one: string, many: string): string {
  return `${group(String(amount))} ${amount === 1 ? one : many}`;
}

function formatSpecial(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  return value > 0 ? "+Inf" : "-Inf";
}

/** The decimals that an increment itself needs: 2 for 0.25, 0 for 20. */
function decimalsFor(increment: number): number {
  if (!(increment > 0)) return 3;
  for (let decimals = 0; decimals < 10; decimals += 1) {
    const scaled = increment * 10 ** decimals;
    if (scaled >= 0.999 && Math.abs(scaled - Math.round(scaled)) < 1e-6 * scaled) return decimals;
  }
  return 10;
}

function digitsBetween(size: number, increment: number): number {
  if (!(increment > 0)) return 2;
  return Math.min(6, Math.floor(Math.log10(size) + 1e-9) - Math.floor(Math.log10(increment) + 1e-9));
}

function trim(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

function trimExponent(text: string): string {
  return text.replace(/\.?0+e/, "e");
}

/** Thin grouping of the integer part: 1 234 567. */
function group(text: string): string {
  const [whole = "", fraction] = text.split(".");
  if (whole.replace("-", "").length < 5) return text;
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, "\u202f");
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}
