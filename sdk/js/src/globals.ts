// What scripts expect of every engine and the one inside the component lacks.

import { decodeUtf8, encodeUtf8 } from "./bytes.ts";
import { host, type Level } from "./host.ts";

/** Defines `console`, which writes to the host's log, `TextEncoder` and `TextDecoder` for UTF-8. */
export function installGlobals(): void {
  const writer = (level: Level) => (...words: unknown[]) => host().log(level, words.map(shown).join(" "), []);
  const console = {
    trace: writer("trace"),
    debug: writer("debug"),
    log: writer("info"),
    info: writer("info"),
    warn: writer("warn"),
    error: writer("error"),
  };
  const TextEncoder = class {
    readonly encoding = "utf-8";
    encode(text = ""): Uint8Array {
      return encodeUtf8(text);
    }
  };
  const TextDecoder = class {
    readonly encoding = "utf-8";
    decode(bytes: Uint8Array = new Uint8Array()): string {
      return decodeUtf8(bytes);
    }
  };
  Object.assign(globalThis, { console, TextEncoder, TextDecoder });
}

function shown(value: unknown): string {
  if (typeof value === "string") return value;
  if (value instanceof Error) return String(value);
  return JSON.stringify(value) ?? String(value);
}
