/** Expressions that were run, newest first, kept by the browser. Bounded in number and in size. */
import { readStored, writeStored } from "../state/stored";

const KEY = "narthex.history";
export const ENTRIES_MAX = 100;
const ENTRY_CHARS_MAX = 4_000;

/** The history with `expr` on top, once. Pure. */
export function remember(history: readonly string[], expr: string): string[] {
  const text = expr.trim();
  if (text === "" || text.length > ENTRY_CHARS_MAX) return [...history];
  return [text, ...history.filter((each) => each !== text)].slice(0, ENTRIES_MAX);
}

export function readHistory(): string[] {
  return readStored<string[]>(KEY, [], isStrings).slice(0, ENTRIES_MAX);
}

/** Reads before it writes: other tabs write too. */
export function addToHistory(expr: string): void {
  writeStored(KEY, remember(readHistory(), expr));
}

export function clearHistory(): void {
  writeStored(KEY, []);
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}
