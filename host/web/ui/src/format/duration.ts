/** Durations as PromQL writes them ("1h30m"), and as people read them. Pure. */

const UNITS: readonly [unit: string, ms: number][] = [
  ["y", 365 * 86_400_000],
  ["w", 7 * 86_400_000],
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
  ["ms", 1],
];

const PATTERN = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;

/** Milliseconds of "1h30m", "15s", "250ms" or bare seconds such as "90" or "0.5". Null if it is none. */
export function parseDuration(text: string): number | null {
  const trimmed = text.trim();
  if (/^\d+(\.\d+)?$/.test(trimmed)) return Math.round(Number(trimmed) * 1000);
  const match = PATTERN.exec(trimmed);
  if (!match || trimmed === "") return null;
  let total = 0;
  UNITS.forEach(([, ms], index) => {
    total += Number(match[index + 1] ?? 0) * ms;
  });
  return Number.isSafeInteger(total) ? total : null;
}

/** The exact duration in PromQL's notation. Years and weeks are used only when they divide evenly. */
export function formatDuration(ms: number): string {
  let rest = Math.round(Math.abs(ms));
  if (rest === 0) return "0s";
  let text = ms < 0 ? "-" : "";
  for (const [unit, size] of UNITS) {
    const isCalendar = unit === "y" || unit === "w";
    if (isCalendar && rest % size !== 0) continue;
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * size;
  }
  return text;
}

/** A measured duration in seconds, rounded for reading: "3.2 ms", "1.25 s", "2 min 5 s", "3 d 4 h". */
export function humanizeSeconds(seconds: number): string {
  if (!Number.isFinite(seconds)) return "–";
  const size = Math.abs(seconds);
  if (size === 0) return "0 s";
  if (size < 1e-3) return `${round(seconds * 1e6)} µs`;
  if (size < 1) return `${round(seconds * 1e3)} ms`;
  if (size < 60) return `${round(seconds)} s`;
  const whole = Math.round(size);
  const sign = seconds < 0 ? "-" : "";
  const pairs: [number, string, number, string][] = [
    [86_400, "d", 3_600, "h"],
    [3_600, "h", 60, "min"],
    [60, "min", 1, "s"],
  ];
  for (const [big, bigName, small, smallName] of pairs) {
    if (whole < big) continue;
    const head = Math.floor(whole / big);
    const tail = Math.floor((whole % big) / small);
    return `${sign}${head} ${bigName}${tail > 0 ? ` ${tail} ${smallName}` : ""}`;
  }
  return `${round(seconds)} s`;
}

/** Three significant digits, without trailing zeros. */
function round(value: number): string {
  return String(Number(value.toPrecision(3)));
}
