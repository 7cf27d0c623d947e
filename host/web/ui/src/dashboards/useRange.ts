import { useCallback, useEffect, useState } from "react";
import type { Zone } from "../format/time";
import { durationMs } from "./interval";
import { resolveRange, type RangeText, type TimeRange } from "./range";

/** The range as it is now: it moves on with each refresh, while the page is seen. */
export function useRange(text: RangeText, refresh: string, zone: Zone): [TimeRange, reload: () => void] {
  const [now, setNow] = useState(Date.now);
  const [range, setRange] = useState(() => resolveRange(text, Date.now(), zone));
  const reload = useCallback(() => setNow(Date.now()), []);

  // Another text is seen from now on, not from the last refresh on.
  useEffect(() => setNow(Date.now()), [text.from, text.to]);

  useEffect(() => setRange(resolveRange({ from: text.from, to: text.to }, now, zone)), [text.from, text.to, now, zone]);

  useEffect(() => {
    const every = durationMs(refresh);
    if (every === null) return;
    const tick = () => {
      if (!document.hidden) setNow(Date.now());
    };
    const timer = setInterval(tick, Math.max(1_000, every));
    document.addEventListener("visibilitychange", tick);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", tick);
    };
  }, [refresh]);

  return [range, reload];
}
