/**
 * Calls to the host, typed; those of one room are in a file beside this one, the only `fetch` is here.
 * One envelope, one error type; each request can be aborted and has a timeout. Addresses are relative to
 * the document's base, so a route prefix needs no setting here.
 */

/** Requests that read state which the host already holds. */
const STATE_TIMEOUT_MS = 15_000;
/** The host bounds queries by its own timeout (two minutes by default); this only outlasts it. */
export const QUERY_TIMEOUT_MS = 130_000;

export type Labels = Record<string, string>;

/** A timestamp in seconds and a value as the host prints it ("NaN" and "+Inf" are no JSON numbers). */
export type SamplePair = [number, string];

export interface HistogramValue {
  count: string;
  sum: string;
  buckets?: [number, string, string, string][];
}

export type HistogramPair = [number, HistogramValue];

export interface InstantSample {
  metric: Labels;
  value?: SamplePair;
  histogram?: HistogramPair;
}

export interface RangeSeries {
  metric: Labels;
  values?: SamplePair[];
  histograms?: HistogramPair[];
}

export type QueryData = (
  | { resultType: "vector"; result: InstantSample[] }
  | { resultType: "matrix"; result: RangeSeries[] }
  | { resultType: "scalar"; result: SamplePair }
  | { resultType: "string"; result: SamplePair }
) & { stats?: { samples: { samplesRead?: number } } };

export type AlertState = "firing" | "pending" | "inactive" | "unknown";
export type RuleHealth = "ok" | "err" | "unknown";

export interface Alert {
  labels: Labels;
  annotations: Labels;
  state: AlertState;
  activeAt?: string;
  keepFiringSince?: string;
  value: string;
}

interface RuleCommon {
  name: string;
  query: string;
  labels?: Labels;
  health: RuleHealth;
  lastError?: string;
  lastEvaluation?: string;
  evaluationTime?: number;
}

export interface AlertingRule extends RuleCommon {
  type: "alerting";
  state: AlertState;
  duration?: number;
  keepFiringFor?: number;
  annotations?: Labels;
  alerts?: Alert[];
}

export interface RecordingRule extends RuleCommon {
  type: "recording";
}

export type Rule = AlertingRule | RecordingRule;

export interface RuleGroup {
  name: string;
  file: string;
  interval: number;
  lastEvaluation?: string;
  evaluationTime?: number;
  rules: Rule[];
}

export type TargetHealth = "up" | "down" | "unknown";

export interface Target {
  discoveredLabels?: Labels;
  labels: Labels;
  scrapePool: string;
  scrapeUrl: string;
  globalUrl?: string;
  lastError: string;
  lastScrape: string;
  lastScrapeDuration: number;
  health: TargetHealth;
  scrapeInterval?: string;
  scrapeTimeout?: string;
}

export interface TargetsData {
  activeTargets: Target[];
  droppedTargetCounts?: Record<string, number>;
}

export interface PluginGrant {
  capability: string;
  detail: string;
  source: string;
}

/** An amount of everything that has a budget: bytes, seconds or plain numbers. */
export interface PluginAmounts {
  memoryBytes: number;
  cpuSeconds: number;
  wallSeconds: number;
  resultBytes: number;
  requests: number;
  bytesIn: number;
  bytesOut: number;
  logLines: number;
  samples: number;
  kvBytes: number;
}

export interface PluginLogLine {
  at: string;
  level: "error" | "warn" | "info" | "debug" | "trace";
  call: string;
  message: string;
  fields: string;
}

export interface Plugin {
  name: string;
  /** Empty for a file that was never loaded. */
  kind: "exporter" | "discovery" | "notifier" | "";
  version: string;
  description: string;
  digest: string;
  /** The digest of the one file that the configuration lets serve. */
  pinned: string | null;
  file: string;
  state: "ready" | "failing" | "backing-off" | "disabled" | "compiling" | "failed";
  /** The file that is being compiled, or waits for that; an older version may serve meanwhile. */
  compiling: { since: string; digest: string } | null;
  /** By whom it was switched off. */
  disabled: string | null;
  generation: number;
  /** The version that takes over when this one is killed again and again. */
  previous: string | null;
  loadedAt: string | null;
  imports: string[];
  grants: PluginGrant[];
  /** What one call may spend. */
  limits: PluginAmounts;
  /** The most that one call spent since the start. */
  peaks: PluginAmounts;
  exceeded: { budget: string; total: number; lastAt: string }[];
  calls: {
    total: number;
    errors: number;
    killed: number;
    failuresInRow: number;
    lastDurationSeconds: number | null;
    medianDurationSeconds: number | null;
    slowDurationSeconds: number | null;
    cpuSecondsTotal: number;
  };
  /** What of it is left alone after repeated kills; an empty target is the whole plugin. */
  pauses: { target: string; kills: number; leftSeconds: number; message: string }[];
  lastError: { at: string; kind: "refused" | "killed" | "denied"; message: string } | null;
  rejected: {
    at: string;
    digest: string;
    kind: "refused" | "pinned" | "probation" | "rolled-back";
    message: string;
  } | null;
  /** The newest last. */
  logs: PluginLogLine[];
}

/** What an operator can do with a plugin. */
export type PluginOperation = "disable" | "enable" | "reload";

/** The replay of the store's log after a start. */
export interface WalReplay {
  min: number;
  max: number;
  current: number;
  state?: "waiting" | "in progress" | "done" | "failed";
  samples?: number;
  percent?: number;
}

/** A successful answer: the data, and what the host wants to be known about it. */
export interface Answer<T> {
  data: T;
  warnings: string[];
  infos: string[];
}

/** Why a request has no answer. `host` means that the host answered with an error of its own. */
export type ApiErrorKind = "unreachable" | "timeout" | "not-ready" | "malformed" | "host";

export class ApiError extends Error {
  readonly kind: ApiErrorKind;
  /** The host's error type ("bad_data", "execution", ...) where it named one. */
  readonly errorType: string | undefined;

  constructor(kind: ApiErrorKind, message: string, errorType?: string) {
    super(message);
    this.name = "ApiError";
    this.kind = kind;
    this.errorType = errorType;
  }

  /** Whether the same request may well succeed in a moment. */
  get isTransient(): boolean {
    return this.kind === "unreachable" || this.kind === "timeout" || this.kind === "not-ready";
  }
}

interface Envelope<T> {
  status: "success" | "error";
  data?: T;
  errorType?: string;
  error?: string;
  warnings?: string[];
  infos?: string[];
}

export interface RequestOptions {
  signal: AbortSignal;
  timeoutMs?: number;
  /** Sent as a form by POST, so that long expressions fit. Pairs may repeat a name. */
  form?: Record<string, string> | [name: string, value: string][];
  /** Sent as JSON by POST. */
  json?: unknown;
  method?: "DELETE";
}

/** The address of `path` ("api/v1/query", "metrics", ...) below the document's base. */
export function hostUrl(path: string): string {
  return new URL(path, document.baseURI).href;
}

/** Sends one request to `/api/v1`. Throws as `exchange` does. */
export function request<T>(path: string, options: RequestOptions): Promise<Answer<T>> {
  return exchange(`api/v1/${path}`, options, openEnvelope<T>);
}

/**
 * Sends one request and reads the body of its answer by `open`. Throws `ApiError`; rethrows the
 * signal's own reason when the caller aborted.
 */
export async function exchange<T>(
  path: string,
  options: RequestOptions,
  open: (httpStatus: number, body: string) => T,
): Promise<T> {
  const timeout = AbortSignal.timeout(options.timeoutMs ?? STATE_TIMEOUT_MS);
  const headers: Record<string, string> = { Accept: "application/json" };
  const init: RequestInit = { signal: AbortSignal.any([options.signal, timeout]), headers, cache: "no-store" };
  if (options.method) init.method = options.method;
  if (options.form) {
    init.method = "POST";
    init.body = new URLSearchParams(options.form);
  }
  if (options.json !== undefined) {
    init.method = "POST";
    init.body = JSON.stringify(options.json);
    headers["Content-Type"] = "application/json";
  }
  let status: number;
  let body: string;
  try {
    const response = await fetch(hostUrl(path), init);
    status = response.status;
    body = await response.text();
  } catch {
    options.signal.throwIfAborted();
    if (timeout.aborted) throw new ApiError("timeout", "The host did not answer in time.");
    throw new ApiError("unreachable", "The host cannot be reached.");
  }
  return open(status, body);
}

/** Reads the envelope out of an answer's body. Pure. */
export function openEnvelope<T>(httpStatus: number, body: string): Answer<T> {
  // What was asked for is done, and there is nothing to tell.
  if (httpStatus === 204) return { data: undefined as T, warnings: [], infos: [] };
  let envelope: Envelope<T> | null;
  try {
    envelope = JSON.parse(body) as Envelope<T> | null;
  } catch {
    throw withoutJson(httpStatus);
  }
  if (typeof envelope !== "object" || envelope === null) {
    throw new ApiError("malformed", "The host's answer cannot be read: it is no JSON object.");
  }
  if (envelope.status === "success" && envelope.data !== undefined) {
    return {
      data: envelope.data,
      warnings: envelope.warnings ?? [],
      infos: envelope.infos ?? [],
    };
  }
  const text = envelope.error ?? `The host answered HTTP ${httpStatus}.`;
  throw new ApiError("host", text, envelope.errorType);
}

/** What an answer means that has no JSON where there should be some. Pure. */
export function withoutJson(httpStatus: number): ApiError {
  if (httpStatus === 503) return new ApiError("not-ready", "The host is starting or stopping.");
  // A proxy in front of the host says this when the host is gone.
  if (httpStatus === 502 || httpStatus === 504) return new ApiError("unreachable", "The host cannot be reached.");
  return new ApiError("malformed", `The host answered HTTP ${httpStatus} without JSON.`);
}

/** `limit` bounds the results, of which there may be more. */
export function queryInstant(
  params: { query: string; time: number; limit?: number },
  signal: AbortSignal,
): Promise<Answer<QueryData>> {
  const form: Record<string, string> = { query: params.query, time: String(params.time), stats: "true" };
  if (params.limit !== undefined) form["limit"] = String(params.limit);
  return request("query", { signal, form, timeoutMs: QUERY_TIMEOUT_MS });
}

export function queryRange(
  params: { query: string; start: number; end: number; step: number },
  signal: AbortSignal,
): Promise<Answer<QueryData>> {
  const form = {
    query: params.query,
    start: String(params.start),
    end: String(params.end),
    step: String(params.step),
    stats: "true",
  };
  return request("query_range", { signal, form, timeoutMs: QUERY_TIMEOUT_MS });
}

export function getMetricNames(signal: AbortSignal): Promise<Answer<string[]>> {
  return request("label/__name__/values", { signal });
}

export function getRules(signal: AbortSignal): Promise<Answer<{ groups: RuleGroup[] }>> {
  return request("rules", { signal });
}

/** The same without the alerts, which are many more than the rules when much is wrong. */
export function getBareRules(signal: AbortSignal): Promise<Answer<{ groups: RuleGroup[] }>> {
  return request("rules?exclude_alerts=true", { signal });
}

export function getAlerts(signal: AbortSignal): Promise<Answer<{ alerts: Alert[] }>> {
  return request("alerts", { signal });
}

/** How many alerts there are of each state. */
export function countAlerts(signal: AbortSignal): Promise<Answer<{ firing: number; pending: number }>> {
  return request("alerts/count", { signal });
}

/** Of one pool, or of all where it is empty. */
export function getTargets(pool: string, signal: AbortSignal): Promise<Answer<TargetsData>> {
  const params = new URLSearchParams({ state: "active", ...(pool === "" ? {} : { scrapePool: pool }) });
  return request(`targets?${params}`, { signal });
}

export function getScrapePools(signal: AbortSignal): Promise<Answer<{ scrapePools: string[] }>> {
  return request("scrape_pools", { signal });
}

/** The configuration by which the targets of a pool are scraped. */
export function getPoolConfig(pool: string, signal: AbortSignal): Promise<Answer<{ yaml: string }>> {
  return request(`scrape_pools/config?${new URLSearchParams({ scrapePool: pool })}`, { signal });
}

export function getPlugins(signal: AbortSignal): Promise<Answer<{ plugins: Plugin[]; isOperable: boolean }>> {
  return request("plugins", { signal });
}

/** Loading a plugin anew may compile it, which takes long for interpreters. */
export function operatePlugin(name: string, operation: PluginOperation): Promise<Answer<Plugin | null>> {
  const { signal } = new AbortController();
  const path = `plugins/${encodeURIComponent(name)}/${operation}`;
  return request(path, { signal, form: {}, timeoutMs: QUERY_TIMEOUT_MS });
}

export function getWalReplay(signal: AbortSignal): Promise<Answer<WalReplay>> {
  return request("status/walreplay", { signal });
}
