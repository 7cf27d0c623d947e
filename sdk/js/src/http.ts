// Outbound HTTP. The host connects, speaks TLS, and follows the operator's grants.

import { decodeUtf8, encodeUtf8 } from "./bytes.ts";
import { PluginError, byName, labelsOf, type Label } from "./error.ts";
import { host, type HttpOutcome, type HttpRequest, type HttpResponse } from "./host.ts";

/** A request. Only the URL must be there. */
export interface Request {
  /** `http://…`, `https://…`, or `http+unix://<percent-encoded path>/…`. */
  url: string;
  /** GET, or POST when there is a body. */
  method?: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  /** A body of JSON, with its content type. */
  json?: unknown;
  /** A limit for the whole exchange; never longer than the call's deadline. */
  timeoutMs?: number;
  /** The largest answer to accept, in bytes; a longer one is cut and flagged. */
  bodyBytesMax?: number;
  /**
   * For `probe`: the TLS profile that the operator bound under this name. Credentials cannot be bound yet; secrets of the
   * configuration go into headers, and the host puts their values in.
   */
  auth?: string;
}

/** Sends a request and waits for the whole answer. Every status is an answer. */
export function send(request: Request): Response {
  return new Response(host().fetch(wire(request)));
}

/** A GET. */
export function get(url: string, rest: Omit<Request, "url" | "method"> = {}): Response {
  return send({ ...rest, url, method: "GET" });
}

/** A POST. */
export function post(url: string, rest: Omit<Request, "url" | "method"> = {}): Response {
  return send({ ...rest, url, method: "POST" });
}

/** An answer, and how it came. */
export interface Probed {
  response: Response;
  /** By the names of the contract: `address`, `connect-ns`, `tls-version`, `http-version`, … */
  facts: Record<string, string>;
  /** The certificates that the other side showed, in DER, its own first; none without TLS. */
  certificates: Uint8Array[];
}

/**
 * Sends a request over a connection of its own, without following redirects, and tells how the answer came: to watch a server.
 * Options by name, as the contract lists them: `ip`, `server-name`, `host`, `http2`. An error has the facts among its details,
 * as far as the exchange came.
 */
export function probe(request: Request, options: Record<string, string> = {}): Probed {
  const { response, facts, certificates } = host().probe(wire(request), labelsOf(options));
  return { response: new Response(response), facts: byName(facts), certificates };
}

/** Sends many, up to `inFlightMax` at a time. Answers and errors stand in the order of the requests. */
export function sendAll(requests: Request[], inFlightMax = 16): (Response | PluginError)[] {
  return host().fetchMany(requests.map(wire), inFlightMax).map(outcome);
}

/**
 * Sends up to 16 at once and waits for the first that is answered or fails. What is there by then stands in the order of the
 * requests; the others are given up and are null.
 */
export function sendFirst(requests: Request[]): (Response | PluginError | null)[] {
  return host().fetchFirst(requests.map(wire)).map((one) => (one === null ? null : outcome(one)));
}

function outcome(answer: HttpOutcome): Response | PluginError {
  return answer instanceof PluginError ? answer : new Response(answer);
}

function wire(request: Request): HttpRequest {
  const headers = labelsOf(request.headers ?? {});
  let body = request.body ?? "";
  if (request.json !== undefined) {
    headers.push({ name: "content-type", value: "application/json" });
    body = JSON.stringify(request.json);
  }
  return {
    method: request.method ?? (body.length === 0 ? "GET" : "POST"),
    url: request.url,
    headers,
    body: typeof body === "string" ? encodeUtf8(body) : body,
    timeoutMs: request.timeoutMs ?? null,
    maxBody: request.bodyBytesMax ?? null,
    auth: request.auth ?? null,
  };
}

/** Enough of an answer to tell the operator what the other side objects to. */
const SHOWN_CHARS_MAX = 200;

/** An answer. */
export class Response {
  readonly status: number;
  readonly headers: Label[];
  readonly body: Uint8Array;
  /** The body was longer than its bound, and this is its beginning. */
  readonly truncated: boolean;

  constructor(answer: HttpResponse) {
    this.status = answer.status;
    this.headers = answer.headers;
    this.body = answer.body;
    this.truncated = answer.truncated;
  }

  /** Whether the status is 2xx. */
  get isSuccess(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  /** The first header of this name, whatever its case. */
  header(name: string): string | undefined {
    return this.headers.find((header) => header.name.toLowerCase() === name.toLowerCase())?.value;
  }

  /** This answer if its status is 2xx; else an error that says the status and how the body begins. */
  expectSuccess(): this {
    if (this.isSuccess) return this;
    const line = this.text().trim().split("\n", 1)[0] ?? "";
    const said = line === "" ? "" : `: ${line.slice(0, SHOWN_CHARS_MAX)}`;
    const message = `the server answered with status ${this.status}${said}`;
    if (this.status === 429) {
      const seconds = Number.parseInt(this.header("retry-after") ?? "", 10);
      const afterMs = Number.isNaN(seconds) ? null : seconds * 1000;
      throw new PluginError("rate-limited", message).retry(afterMs);
    }
    const error = PluginError.protocol(message);
    throw this.status >= 500 ? error.retry() : error;
  }

  /** The body as text; what is not UTF-8 is replaced. */
  text(): string {
    return decodeUtf8(this.body);
  }

  /** The body as JSON. A body that was cut is an error. */
  json(): unknown {
    if (this.truncated) throw PluginError.exhausted("the answer is longer than its bound");
    try {
      return JSON.parse(this.text());
    } catch (error) {
      throw PluginError.protocol(`read the answer as JSON: ${(error as Error).message}`);
    }
  }
}
