/** The free-form maps of the status API as named rows. Pure. */
import { parseInstant } from "../format/time";

export interface StatusRow {
  name: string;
  /** Set where the value is an instant; then `text` is its source. */
  at: number | null;
  text: string;
}

/** Names that splitting camel case would not get right. */
const NAMES: Record<string, string> = {
  version: "Version of Prometheus' API",
  narthexVersion: "Version of Narthex",
  CWD: "Working directory",
  GOMAXPROCS: "GOMAXPROCS",
  GOMEMLIMIT: "GOMEMLIMIT",
  GOGC: "GOGC",
  GODEBUG: "GODEBUG",
  reloadConfigSuccess: "Last reload of the configuration",
  lastConfigTime: "Configuration loaded",
  corruptionCount: "Corruptions in the log",
  numSeries: "Series in the head",
  numLabelPairs: "Label pairs",
  chunkCount: "Chunks",
  minTime: "Oldest sample",
  maxTime: "Newest sample",
};

export function statusRows(data: Record<string, unknown>): StatusRow[] {
  return Object.entries(data)
    .filter(([, value]) => value !== null && typeof value !== "object" && value !== "")
    .map(([key, value]) => ({ name: nameOf(key), at: instantOf(key, value), text: textOf(key, value) }));
}

function nameOf(key: string): string {
  const known = NAMES[key];
  if (known !== undefined) return known;
  const words = key.replace(/([a-z0-9])([A-Z])/g, "$1 $2").replace(/_/g, " ").toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Instants come as RFC 3339; the head's oldest and newest samples as milliseconds. */
function instantOf(key: string, value: unknown): number | null {
  if (typeof value === "string" && /^\d{4}-\d{2}-\d{2}T/.test(value)) return parseInstant(value);
  return isHeadTime(key) && typeof value === "number" && Math.abs(value) < 8.64e15 ? value : null;
}

function textOf(key: string, value: unknown): string {
  if (key === "reloadConfigSuccess") return value === true ? "succeeded" : "failed: the one before is in force";
  // An empty head has the outermost integers here, which no clock reaches.
  if (isHeadTime(key) && instantOf(key, value) === null) return "none";
  return String(value);
}

function isHeadTime(key: string): boolean {
  return key === "minTime" || key === "maxTime";
}
