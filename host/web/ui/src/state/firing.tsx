/** How many alerts fire: asked for once for the whole program, and heard by those alone who show it. */
import { createContext, useContext, type ReactNode } from "react";
import { countAlerts } from "../api";
import { useRequest } from "./useRequest";

const INTERVAL_MS = 15_000;

const Firing = createContext<number | null>(null);

export function FiringProvider({ children }: { children: ReactNode }) {
  const { answer, error } = useRequest(countAlerts, { intervalMs: INTERVAL_MS });
  const firing = answer !== null && error === null ? answer.data.firing : null;
  return <Firing value={firing}>{children}</Firing>;
}

/** Null while that is not known. */
export function useFiringCount(): number | null {
  return useContext(Firing);
}
