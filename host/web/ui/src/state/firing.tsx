/** How many alerts fire: asked for once for the whole program, and heard by those alone who show it. */
import { createContext, useContext, type ReactNode } from "react";
import { getAlerts } from "../api";
import { useRequest } from "./useRequest";

/** The API has no count: all alerts are asked for, so not too often. */
const INTERVAL_MS = 30_000;

const Firing = createContext<number | null>(null);

export function FiringProvider({ children }: { children: ReactNode }) {
  const { answer, error } = useRequest(getAlerts, { intervalMs: INTERVAL_MS });
  const isKnown = answer !== null && error === null;
  const firing = isKnown ? answer.data.alerts.filter((alert) => alert.state === "firing").length : null;
  return <Firing value={firing}>{children}</Firing>;
}

/** Null while that is not known. */
export function useFiringCount(): number | null {
  return useContext(Firing);
}
