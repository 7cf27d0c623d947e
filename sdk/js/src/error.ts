// Failures, for the operator who reads them at night.

/** Why something failed. It decides what the host does next: see wit/README.md. */
export type ErrorKind =
  | "config"
  | "denied"
  | "unreachable"
  | "timeout"
  | "protocol"
  | "rate-limited"
  | "exhausted"
  | "cancelled"
  | "internal";

/** A name and its value. */
export interface Label {
  name: string;
  value: string;
}

/** Names and values as the host takes them. */
export function labelsOf(pairs: Readonly<Record<string, string>>): Label[] {
  return Object.entries(pairs).map(([name, value]) => ({ name, value }));
}

/** Values by name, as facts of the host are read. */
export function byName(labels: Label[]): Record<string, string> {
  return Object.fromEntries(labels.map(({ name, value }) => [name, value]));
}

/**
 * What a plugin throws, and what the host's interfaces throw. Any other exception is a defect of the plugin: the host is told
 * `internal`, with the stack in the log.
 */
export class PluginError extends Error {
  readonly kind: ErrorKind;
  /** Whether the same call may succeed later. */
  retryable = false;
  /** The shortest pause before a retry. */
  retryAfterMs: number | null = null;
  /** Further facts. */
  details: Label[] = [];

  constructor(kind: ErrorKind, message: string) {
    super(message);
    this.name = "PluginError";
    this.kind = kind;
  }

  /** The configuration is wrong. */
  static config(message: string): PluginError {
    return new PluginError("config", message);
  }

  /** The operator did not grant it. */
  static denied(message: string): PluginError {
    return new PluginError("denied", message);
  }

  /** The other side cannot be reached. Retryable. */
  static unreachable(message: string): PluginError {
    return new PluginError("unreachable", message).retry();
  }

  /** No answer in time. Retryable. */
  static timeout(message: string): PluginError {
    return new PluginError("timeout", message).retry();
  }

  /** The other side answered what cannot be understood. */
  static protocol(message: string): PluginError {
    return new PluginError("protocol", message);
  }

  /** A bound was reached. */
  static exhausted(message: string): PluginError {
    return new PluginError("exhausted", message);
  }

  /** A defect of the plugin. */
  static internal(message: string): PluginError {
    return new PluginError("internal", message);
  }

  /** Says that a retry may help, and not before so many milliseconds. */
  retry(afterMs: number | null = null): this {
    this.retryable = true;
    this.retryAfterMs = afterMs;
    return this;
  }

  /** Adds a fact. */
  detail(name: string, value: string): this {
    this.details.push({ name, value });
    return this;
  }

  /** Says which step failed; the former message follows. */
  context(step: string): this {
    this.message = `${step}: ${this.message}`;
    return this;
  }

  /** The system's name of the failure (`ENOENT`), if it was one of the system. */
  get errno(): string | undefined {
    return this.details.find((label) => label.name === "errno")?.value;
  }

  /** Whether a file does not exist. */
  get isNotFound(): boolean {
    return this.errno === "ENOENT";
  }

  /** Whether the operator did not grant what was asked for. */
  get isDenied(): boolean {
    return this.kind === "denied";
  }
}
