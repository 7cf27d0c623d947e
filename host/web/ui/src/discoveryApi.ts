/** Calls about where targets and Alertmanagers come from. */
import { request, type Answer, type Labels, type TargetsData } from "./api";

/** A target that relabeling dropped. */
export interface DroppedTarget {
  discoveredLabels: Labels;
  scrapePool: string;
}

export interface AllTargets extends TargetsData {
  droppedTargets: DroppedTarget[];
}

export function getAllTargets(signal: AbortSignal): Promise<Answer<AllTargets>> {
  return request("targets?state=any", { signal });
}

/** One rule of `relabel_configs` by its keys in the configuration, and what it made of the labels. */
export interface RelabelStep {
  rule: Record<string, unknown>;
  output: Labels;
  keep: boolean;
}

export function getRelabelSteps(
  pool: string,
  labels: Labels,
  signal: AbortSignal,
): Promise<Answer<{ steps: RelabelStep[] }>> {
  const params = new URLSearchParams({ scrapePool: pool, labels: JSON.stringify(labels) });
  return request(`targets/relabel_steps?${params}`, { signal });
}

/** One item of a job's `*_sd_configs`. */
export interface DiscoverySource {
  mechanism: string;
  /** Its place among the items of its kind. */
  index: number;
  health: string;
  targets: number;
  groups: number;
  lastSuccess: string | null;
  failingSince: string | null;
  lastError: string;
  failures: number;
}

export interface DiscoveryJob {
  job: string;
  targets: number;
  lastUpdate: string | null;
  sources: DiscoverySource[];
}

/** Ours: a Prometheus does not tell how its discovery is. */
export interface DiscoveryStatus {
  jobs: DiscoveryJob[];
  /** Of the items of `alerting.alertmanagers`. */
  alertmanagers: DiscoveryJob[];
}

export function getDiscovery(signal: AbortSignal): Promise<Answer<DiscoveryStatus>> {
  return request("status/discovery", { signal });
}

export interface AlertmanagersData {
  activeAlertmanagers: { url: string }[];
  droppedAlertmanagers: { url: string }[];
}

export function getAlertmanagers(signal: AbortSignal): Promise<Answer<AlertmanagersData>> {
  return request("alertmanagers", { signal });
}
