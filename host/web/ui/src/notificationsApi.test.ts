import { expect, it } from "vitest";
import { readNotification } from "./notificationsApi";

it("reads a notification, and nothing else", () => {
  const notification = { text: "Reload failed.", date: "2026-01-01T00:00:00Z", active: true };
  expect(readNotification(JSON.stringify({ ...notification, modified: false }))).toEqual(notification);
  for (const text of ["", "ping", "null", "{}", '{"text":1,"active":true}']) expect(readNotification(text)).toBeNull();
});
