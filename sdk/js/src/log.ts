// The host's structured log.

import { host, type Level } from "./host.ts";

export type { Level };

/** Facts beside a message. */
export type Fields = Record<string, string | number | boolean>;

/** Whether a message of this level would be kept. */
export function enabled(level: Level): boolean {
  return host().logEnabled(level);
}

/** Writes a message with its fields. */
export function write(level: Level, message: string, fields: Fields = {}): void {
  if (!enabled(level)) return;
  const labels = Object.entries(fields).map(([name, value]) => ({ name, value: String(value) }));
  host().log(level, message, labels);
}

/** For the plugin's author. */
export function debug(message: string, fields: Fields = {}): void {
  write("debug", message, fields);
}

/** For the operator, when all is well. */
export function info(message: string, fields: Fields = {}): void {
  write("info", message, fields);
}

/** Something is wrong and the call goes on. */
export function warn(message: string, fields: Fields = {}): void {
  write("warn", message, fields);
}

/** Something is wrong and part of the work is not done. */
export function error(message: string, fields: Fields = {}): void {
  write("error", message, fields);
}
