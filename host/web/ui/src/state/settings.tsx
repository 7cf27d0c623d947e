/** What the user chose for all pages and what the browser keeps: the time zone. (Mantine keeps the theme.) */
import { createContext, use, useMemo, type ReactNode } from "react";
import type { Zone } from "../format/time";
import { useStored } from "./stored";

interface Settings {
  zone: Zone;
  setZone: (zone: Zone) => void;
}

const SettingsContext = createContext<Settings>({ zone: "local", setZone: () => undefined });

export function SettingsProvider({ children }: { children: ReactNode }) {
  const [zone, setZone] = useStored<Zone>("narthex.zone", "local", isZone);
  const settings = useMemo(() => ({ zone, setZone }), [zone, setZone]);
  return <SettingsContext value={settings}>{children}</SettingsContext>;
}

export function useSettings(): Settings {
  return use(SettingsContext);
}

function isZone(value: unknown): value is Zone {
  return value === "local" || value === "utc";
}
