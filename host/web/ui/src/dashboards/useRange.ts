import { useCallback, useEffect, useMemo, useState } from "react";
import type { Zone } from "../format/time";
import { durationMs } from "./interval";
import { resolveRange, type RangeText, type TimeRange } from "./range";

/** The range as it is now: it moves on with each refresh, while the page is seen. */
export function useRange(text: RangeText, refresh: string, zone: Zone): [TimeRange, reload: () => void] {
  const key = `${text.from} ${text.to} ${zone}`;
  const [seen, setSeen] = useState({ key, now: Date.now() });
  // Another text is seen from now on, not from the last refresh on.
  if (seen.key !== key) setSeen({ key, now: Date.now() });
  const reload = useCallback(() => setSeen((last) => ({ ...last, now: Date.now() })), []);
  const range = useMemo(
    () => resolveRange({ from: text.from, to: text.to }, seen.now, zone),
    [text.from, text.to, seen.now, zone],
  );

  useEffect(() => {
    const every = durationMs(refresh);
    if (every === null) return;
    const tick = () => {
      if (!document.hidden) reload();
    };
    const timer = setInterval(tick, Math.max(1_000, every));
    document.addEventListener("visibilitychange", tick);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", tick);
    };
  }, [refresh, reload]);

  return [range, reload];
}
