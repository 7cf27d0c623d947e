/** Reading JSON that others wrote: a value of another kind than expected is as good as none. Pure. */

export type Json = Record<string, unknown>;

export function isRecord(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function record(value: unknown): Json {
  return isRecord(value) ? value : {};
}

/** The objects of a list. */
export function records(value: unknown): Json[] {
  return list(value).filter(isRecord);
}

export function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

export function strings(value: unknown): string[] {
  return list(value).filter((each) => typeof each === "string");
}

export function text(value: unknown, fallback = ""): string {
  return typeof value === "string" ? value : fallback;
}

/** A number, also one that is written as a string; null for none. */
export function number(value: unknown): number | null {
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value !== "string" || value.trim() === "") return null;
  const parsed = Number(value);
  return Number.isFinite(parsed) ? parsed : null;
}

export function flag(value: unknown, fallback = false): boolean {
  return typeof value === "boolean" ? value : fallback;
}

/** `value` if it is one of `choices`, else the first of them. */
export function oneOf<T extends string>(value: unknown, choices: readonly [T, ...T[]]): T {
  return choices.find((each) => each === value) ?? choices[0];
}

/** A copy of `target` with the value at a path such as "custom.fillOpacity". */
export function withPath(target: Json, path: string, value: unknown): Json {
  const [head = "", ...rest] = path.split(".");
  const next = rest.length === 0 ? value : withPath(record(target[head]), rest.join("."), value);
  return { ...target, [head]: next };
}
