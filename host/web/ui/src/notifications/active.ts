/** The notifications that hold, the newest first. Pure. */
import { parseInstant } from "../format/time";
import type { Notification } from "../notificationsApi";

/** The list after a notification has come, changed or gone; its text is what it is known by. */
export function withNotification(list: readonly Notification[], news: Notification): Notification[] {
  const others = list.filter((each) => each.text !== news.text);
  return newestFirst(news.active ? [...others, news] : others);
}

export function newestFirst(list: readonly Notification[]): Notification[] {
  return list.filter((each) => each.active).sort((a, b) => (parseInstant(b.date) ?? 0) - (parseInstant(a.date) ?? 0));
}
