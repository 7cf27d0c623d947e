/** What the host wants its operator to know: followed live, asked for where that is refused. */
import { useEffect, useState } from "react";
import { followNotifications, getNotifications, type Notification } from "../notificationsApi";
import { useRequest } from "../state/useRequest";
import { newestFirst, withNotification } from "./active";

const INTERVAL_MS = 10_000;
/** A refused stream may have a place a little later. */
const LIVE_AGAIN_MS = 60_000;

interface Stream {
  state: "opening" | "live" | "refused";
  list: Notification[];
}

/** The newest first; null where the host has no notifications to tell, or has not told yet. */
export function useNotifications(): Notification[] | null {
  const [stream, setStream] = useState<Stream>({ state: "opening", list: [] });
  const isRefused = stream.state === "refused";
  // An older host, or a Prometheus of old, has none at all: it is not asked again.
  const [isAbsent, setAbsent] = useState(false);
  const { answer, error } = useRequest(isRefused && !isAbsent ? getNotifications : null, { intervalMs: INTERVAL_MS });

  useEffect(() => {
    if (error?.errorType === "not_found") setAbsent(true);
  }, [error]);

  useEffect(() => {
    if (isAbsent) return;
    let close: () => void = () => undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const open = () => {
      // A browser has few connections to one host: a page that nobody sees keeps none.
      if (document.hidden) return;
      close = followNotifications({
        onOpen: () => setStream({ state: "live", list: [] }),
        onNotification: (news) => setStream(({ list }) => ({ state: "live", list: withNotification(list, news) })),
        onRefused: () => {
          setStream({ state: "refused", list: [] });
          timer = setTimeout(open, LIVE_AGAIN_MS);
        },
      });
    };
    const reopen = () => {
      clearTimeout(timer);
      close();
      open();
    };
    open();
    document.addEventListener("visibilitychange", reopen);
    return () => {
      clearTimeout(timer);
      close();
      document.removeEventListener("visibilitychange", reopen);
    };
  }, [isAbsent]);

  if (stream.state === "live") return stream.list;
  return isRefused && answer ? newestFirst(answer.data) : null;
}
