/** Calls about what the host wants its operator to know. */
import { hostUrl, request, type Answer } from "./api";

export interface Notification {
  text: string;
  /** Since when, as RFC 3339. */
  date: string;
  /** False when it no longer holds. */
  active: boolean;
}

/** Those that hold now. */
export function getNotifications(signal: AbortSignal): Promise<Answer<Notification[]>> {
  return request("notifications", { signal });
}

interface Follower {
  /** The stream has begun, perhaps again: all that hold come first. */
  onOpen: () => void;
  onNotification: (notification: Notification) => void;
  /** There is no stream, or no place at it. A broken one is tried again without this. */
  onRefused: () => void;
}

/** Follows notifications as they come and go, until the function that is returned is called. */
export function followNotifications(follower: Follower): () => void {
  const stream = new EventSource(hostUrl("api/v1/notifications/live"));
  stream.onopen = follower.onOpen;
  stream.onmessage = (event: MessageEvent<string>) => {
    const notification = readNotification(event.data);
    if (notification) follower.onNotification(notification);
  };
  stream.onerror = () => {
    if (stream.readyState === EventSource.CLOSED) follower.onRefused();
  };
  return () => stream.close();
}

/** One event's data; null for what is no notification. Pure. */
export function readNotification(text: string): Notification | null {
  try {
    const { text: message, date, active } = JSON.parse(text) as Partial<Notification>;
    if (typeof message !== "string" || typeof active !== "boolean") return null;
    return { text: message, date: typeof date === "string" ? date : "", active };
  } catch {
    return null;
  }
}
