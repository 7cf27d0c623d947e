/** Calls about notifications: Alertmanager's API, our additions to it, and how alerts are routed. */
import { ApiError, exchange, request, withoutJson, type Answer, type Labels, type RequestOptions } from "./api";
import { formatMatcher, type Matcher } from "./matchers/matcher";

export interface Acknowledgement {
  createdBy: string;
  comment: string;
  createdAt: string;
  endsAt?: string;
}

/** An alert that was sent to be notified of. */
export interface SentAlert {
  fingerprint: string;
  labels: Labels;
  annotations: Labels;
  startsAt: string;
  endsAt: string;
  updatedAt: string;
  generatorURL?: string;
  receivers: { name: string }[];
  status: {
    state: "active" | "suppressed" | "unprocessed";
    /** Ids of silences. */
    silencedBy: string[];
    /** Fingerprints of alerts. */
    inhibitedBy: string[];
    /** Names of time intervals; only in groups. */
    mutedBy: string[];
  };
  acknowledgement?: Acknowledgement;
}

export interface NotificationGroup {
  labels: Labels;
  /** The id of the route that made it, as in the tree of routes. */
  route: string;
  routeLabels: Labels;
  receiver: { name: string };
  alerts: SentAlert[];
}

/** Which alerts are asked for; what is left out is not asked about. */
export interface AlertFilter {
  matchers?: readonly Matcher[];
  /** The receiver's whole name. */
  receiver?: string;
  active?: boolean;
  silenced?: boolean;
  inhibited?: boolean;
  /** Groups that a time interval keeps quiet. */
  muted?: boolean;
  acknowledged?: boolean;
}

export type SilenceState = "active" | "pending" | "expired";

/** A part of the weeks, months and years, in the words of the configuration: `monday:friday`, `-1`, `02:00`. */
export interface TimeInterval {
  times?: { start_time: string; end_time: string }[];
  weekdays?: string[];
  days_of_month?: string[];
  months?: string[];
  years?: string[];
  location?: string;
}

/** A silence as it is made or changed. */
export interface SilenceTerms {
  matchers: Matcher[];
  startsAt: string;
  endsAt: string;
  createdBy: string;
  comment: string;
  annotations?: Labels;
  timeIntervals?: TimeInterval[];
}

export interface Silence extends SilenceTerms {
  id: string;
  status: { state: SilenceState };
  updatedAt: string;
}

export interface RouteNode {
  /** The places on the way to it: "0" is the root, "0.1" its second child. */
  id: string;
  receiver: string;
  matchers: string[];
  continue: boolean;
  /** `["..."]` is by all labels. */
  groupBy: string[];
  groupWait: string;
  groupInterval: string;
  repeatInterval: string;
  muteTimeIntervals: string[];
  activeTimeIntervals: string[];
  labels: Labels;
  /** How many groups it has, and how many alerts are in these. */
  groups: number;
  alerts: number;
  routes: RouteNode[];
}

/** What would become of an alert. */
export interface Trial {
  receivers: string[];
  /** Routes below one that says no are left out. */
  asked: { id: string; outcome: "yes" | "no" | "notAsked"; why: string }[];
  silencedBy: string[];
  inhibitedBy: string[];
  mutedBy: string[];
}

export interface Integration {
  /** The notifier. */
  name: string;
  index: number;
  sendResolved: boolean;
  /** When its last notification was taken or given up; null when there was none since the start. */
  lastAttempt: string | null;
  /** With all tries. */
  lastDuration: string | null;
  /** Why it failed; null when it was taken. */
  lastError: string | null;
  /** What the receiver said of it; may be empty. */
  lastNote: string;
  /** When one was taken last; null when none was since the start. */
  lastSuccess: string | null;
}

export interface Receiver {
  name: string;
  labels: Labels;
  integrations: Integration[];
}

/** Reads an answer of `/api/v2`, which is bare JSON; errors are a text, or `{ code, message }`. Pure. */
export function openPlain<T>(httpStatus: number, body: string): Answer<T> {
  const isGood = httpStatus >= 200 && httpStatus < 300;
  let value: unknown = null;
  if (body !== "") {
    try {
      value = JSON.parse(body);
    } catch {
      throw withoutJson(httpStatus);
    }
  } else if (!isGood) {
    if (httpStatus === 404) throw new ApiError("host", "It is not there any more.");
    throw withoutJson(httpStatus);
  }
  if (isGood) return { data: value as T, warnings: [], infos: [] };
  throw new ApiError("host", errorText(value) ?? `The host answered HTTP ${httpStatus}.`);
}

function errorText(value: unknown): string | null {
  if (typeof value === "string") return value;
  if (typeof value !== "object" || value === null) return null;
  // `error` is what /api/v1 says.
  const { message, error } = value as { message?: unknown; error?: unknown };
  return typeof message === "string" ? message : typeof error === "string" ? error : null;
}

function plain<T>(path: string, options: RequestOptions): Promise<Answer<T>> {
  return exchange(`api/v2/${path}`, options, openPlain<T>);
}

/** The search string of a filter. Pure. */
export function filterQuery(filter: AlertFilter): string {
  const params = new URLSearchParams();
  for (const matcher of filter.matchers ?? []) params.append("filter", formatMatcher(matcher));
  // The host takes an anchored regular expression.
  if (filter.receiver) params.set("receiver", filter.receiver.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  for (const name of ["active", "silenced", "inhibited", "muted", "acknowledged"] as const) {
    const value = filter[name];
    if (value !== undefined) params.set(name, String(value));
  }
  const text = params.toString();
  return text === "" ? "" : `?${text}`;
}

export function getSentAlerts(filter: AlertFilter, signal: AbortSignal): Promise<Answer<SentAlert[]>> {
  return plain(`alerts${filterQuery(filter)}`, { signal });
}

export function getAlertGroups(filter: AlertFilter, signal: AbortSignal): Promise<Answer<NotificationGroup[]>> {
  return plain(`alerts/groups${filterQuery(filter)}`, { signal });
}

export function getSilences(signal: AbortSignal): Promise<Answer<Silence[]>> {
  return plain("silences", { signal });
}

/** Makes a silence, or changes the one with this id. A change of what it is about makes a new one. */
export function saveSilence(id: string | null, terms: SilenceTerms): Promise<Answer<{ silenceID: string }>> {
  const { signal } = new AbortController();
  return plain("silences", { signal, json: id === null ? terms : { id, ...terms } });
}

export function expireSilence(id: string): Promise<Answer<null>> {
  const { signal } = new AbortController();
  return plain(`silence/${encodeURIComponent(id)}`, { signal, method: "DELETE" });
}

/** Acknowledges all alerts that fire and match. */
export function acknowledge(
  terms: { matchers: Matcher[]; createdBy: string; comment: string; endsAt?: string },
): Promise<Answer<unknown>> {
  const { signal } = new AbortController();
  return plain("acknowledgements", { signal, json: terms });
}

/** Takes the acknowledgement of an alert back. */
export function unacknowledge(fingerprint: string): Promise<Answer<null>> {
  const { signal } = new AbortController();
  return plain(`acknowledgement/${encodeURIComponent(fingerprint)}`, { signal, method: "DELETE" });
}

/** No root: no configuration of notifications. */
export function getRoutes(signal: AbortSignal): Promise<Answer<{ root: RouteNode | null }>> {
  return request("alerting/routes", { signal });
}

export function getReceivers(signal: AbortSignal): Promise<Answer<Receiver[]>> {
  return request("alerting/receivers", { signal });
}

/** Asks what would become of an alert with these labels; nothing changes. */
export function tryLabels(labels: Labels, signal: AbortSignal): Promise<Answer<Trial>> {
  return request("alerting/trial", { signal, json: { labels } });
}
