/** All alerts that were sent to be notified of: for completion, and to tell which is which. */
import { useMemo } from "react";
import type { Labels } from "../api";
import { getSentAlerts, type SentAlert } from "../alertingApi";
import { useRequest, type RequestState } from "./useRequest";

const INTERVAL_MS = 10_000;
const NONE: readonly SentAlert[] = [];

interface SentAlerts {
  /** Empty while they are not known. */
  alerts: readonly SentAlert[];
  labels: readonly Labels[];
  state: RequestState<SentAlert[]>;
}

export function useSentAlerts(): SentAlerts {
  const state = useRequest(getAll, { intervalMs: INTERVAL_MS });
  const alerts = state.answer?.data ?? NONE;
  const labels = useMemo(() => alerts.map((alert) => alert.labels), [alerts]);
  return { alerts, labels, state };
}

function getAll(signal: AbortSignal) {
  return getSentAlerts({}, signal);
}
