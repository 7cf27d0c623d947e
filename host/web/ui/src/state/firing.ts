/** How many alerts fire, for the navigation and the title. Null while that is not known. */
import { getAlerts } from "../api";
import { useRequest } from "./useRequest";

const INTERVAL_MS = 15_000;

export function useFiringCount(): number | null {
  const { answer, error } = useRequest(getAlerts, { intervalMs: INTERVAL_MS });
  if (!answer || error) return null;
  return answer.data.alerts.filter((alert) => alert.state === "firing").length;
}
