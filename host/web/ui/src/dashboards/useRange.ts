import { useCallback, useEffect, useMemo, useState } from "react";
import type { Zone } from "../format/time";
import type { Asked } from "./data/queries";
import { durationMs } from "./interval";
import { resolveRange, type RangeText, type TimeRange } from "./range";

interface SeenRange {
  range: TimeRange;
  asked: Asked;
  /** Asks again by hand. */
  reload: () => void;
}

/** The range as it is now: it moves on with each refresh, while the page is seen. */
export function useRange(text: RangeText, refresh: string, zone: Zone): SeenRange {
  const key = `${text.from} ${text.to} ${zone}`;
  const [{ key: seenKey, asked }, setSeen] = useState({ key, asked: { atMs: Date.now(), times: 0 } });
  // Another text is seen from now on, not from the last refresh on.
  if (seenKey !== key) setSeen({ key, asked: { ...asked, atMs: Date.now() } });
  const reload = useCallback(
    () => setSeen((last) => ({ ...last, asked: { atMs: Date.now(), times: last.asked.times + 1 } })),
    [],
  );
  const range = useMemo(
    () => resolveRange({ from: text.from, to: text.to }, asked.atMs, zone),
    [text.from, text.to, asked.atMs, zone],
  );

  useEffect(() => {
    const every = durationMs(refresh);
    if (every === null) return;
    const tick = () => {
      if (!document.hidden) setSeen((last) => ({ ...last, asked: { ...last.asked, atMs: Date.now() } }));
    };
    const timer = setInterval(tick, Math.max(1_000, every));
    document.addEventListener("visibilitychange", tick);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", tick);
    };
  }, [refresh]);

  return { range, asked, reload };
}
