/** Calls about what runs here: build, settings, the store. */
import { request, type Answer, type Labels } from "./api";

export function getBuildInfo(signal: AbortSignal): Promise<Answer<Record<string, unknown>>> {
  return request("status/buildinfo", { signal });
}

export function getRuntimeInfo(signal: AbortSignal): Promise<Answer<Record<string, unknown>>> {
  return request("status/runtimeinfo", { signal });
}

export function getConfig(signal: AbortSignal): Promise<Answer<{ yaml: string }>> {
  return request("status/config", { signal });
}

export function getFlags(signal: AbortSignal): Promise<Answer<Record<string, string>>> {
  return request("status/flags", { signal });
}

/** A name and how much there is of it. */
export interface Ranked {
  name: string;
  value: number;
}

export interface TsdbStatus {
  headStats: Record<string, number>;
  seriesCountByMetricName: Ranked[];
  labelValueCountByLabelName: Ranked[];
  memoryInBytesByLabelName: Ranked[];
  seriesCountByLabelValuePair: Ranked[];
}

/** The head's figures, and the `limit` largest of each kind. */
export function getTsdbStatus(limit: number, signal: AbortSignal): Promise<Answer<TsdbStatus>> {
  return request(`status/tsdb?limit=${limit}`, { signal });
}

/** What the answers to a query cost since the start. */
export interface QueryCost {
  query: string;
  count: number;
  failed: number;
  /** Seconds. */
  durationSum: number;
  durationMax: number;
  /** Samples that were read. */
  samplesSum: number;
  samplesMax: number;
  last: string;
}

export interface TopQueries {
  since: string;
  /** How many queries there are figures of, and how many had to give way to others. */
  kept: number;
  forgotten: number;
  queries: QueryCost[];
}

/** As many as the host keeps. */
const QUERIES_MAX = 1_000;

/** All queries that the host has figures of; rules are not among them. */
export function getTopQueries(signal: AbortSignal): Promise<Answer<TopQueries>> {
  return request(`status/top_queries?limit=${QUERIES_MAX}`, { signal });
}

/** The document that lies in a block's folder. Figures that are zero are left out of it. */
export interface BlockMeta {
  ulid: string;
  minTime: number;
  /** The first millisecond that is not in the block. */
  maxTime: number;
  stats?: { numSamples?: number; numSeries?: number; numChunks?: number; numTombstones?: number };
  compaction?: { level?: number; sources?: string[]; hints?: string[] };
}

export function getBlocks(signal: AbortSignal): Promise<Answer<{ blocks: BlockMeta[] }>> {
  return request("status/tsdb/blocks", { signal });
}

/** What is to be deleted. Times are milliseconds; null is without bound. */
export interface Deletion {
  selectors: readonly string[];
  startMs: number | null;
  endMs: number | null;
}

/** Work on the store waits for the disk. */
const ADMIN_TIMEOUT_MS = 600_000;

function deletionForm({ selectors, startMs, endMs }: Deletion): [string, string][] {
  const form = selectors.map((selector): [string, string] => ["match[]", selector]);
  if (startMs !== null) form.push(["start", String(startMs / 1000)]);
  if (endMs !== null) form.push(["end", String(endMs / 1000)]);
  return form;
}

/** The series that a deletion would touch, at most `limit` of them. */
export function findSeries(deletion: Deletion, limit: number, signal: AbortSignal): Promise<Answer<Labels[]>> {
  return request("series", { signal, form: [...deletionForm(deletion), ["limit", String(limit)]] });
}

export function deleteSeries(deletion: Deletion, signal: AbortSignal): Promise<Answer<void>> {
  return request("admin/tsdb/delete_series", { signal, form: deletionForm(deletion), timeoutMs: ADMIN_TIMEOUT_MS });
}

export function cleanTombstones(signal: AbortSignal): Promise<Answer<void>> {
  return request("admin/tsdb/clean_tombstones", { signal, form: {}, timeoutMs: ADMIN_TIMEOUT_MS });
}

export function makeSnapshot(skipHead: boolean, signal: AbortSignal): Promise<Answer<{ name: string }>> {
  const form = { skip_head: String(skipHead) };
  return request("admin/tsdb/snapshot", { signal, form, timeoutMs: ADMIN_TIMEOUT_MS });
}
