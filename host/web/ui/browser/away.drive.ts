/** The host goes away and comes back: pages say so, keep what they show, and go on by themselves. */
import { open, sees, seesNo, test } from "./drive";

const AWAY = "The host cannot be reached.";

const PLACES = [
  { path: "/query?g0.expr=up", keeps: 'job="gone"', isPolled: false },
  { path: "/dashboards?uid=modes", keeps: "Busy in idle", isPolled: false },
  { path: "/alerts", keeps: "TargetDown", isPolled: true },
  { path: "/groups", keeps: "127.0.0.1:1 is down", isPolled: true },
  { path: "/silences", keeps: "New silence", isPolled: true },
  { path: "/routing", keeps: "pager", isPolled: true },
  { path: "/rules", keeps: "mode:node_cpu_seconds:rate30s", isPolled: true },
  { path: "/targets", keeps: "http://127.0.0.1:1/metrics", isPolled: true },
  { path: "/plugins", keeps: "notifier", isPolled: true },
  { path: "/config", keeps: /job_name: gone/, isPolled: true },
];

test("while the host is away, pages say so and keep what they show", async ({ context, watch }) => {
  watch.expects(/ERR_INTERNET_DISCONNECTED/);
  // All at once: each asks at its own pace. A browser has six connections to one host, of which streams would take all.
  await context.route("**/api/v1/notifications/live", (route) => route.fulfill({ status: 204 }));
  const tabs = await Promise.all(PLACES.map(async (place) => ({ ...place, page: await context.newPage() })));
  for (const { page, path, keeps } of tabs) {
    await open(page, path);
    await sees(page, keeps);
  }
  await context.setOffline(true);
  await Promise.all(
    tabs.map(async ({ page, keeps, isPolled }) => {
      if (isPolled) {
        await sees(page.getByRole("alert"), AWAY);
        await sees(page.getByRole("alert"), "Trying again by itself.");
      }
      await sees(page, keeps);
    }),
  );
  await context.setOffline(false);
  await Promise.all(
    tabs.map(async ({ page, keeps }) => {
      await seesNo(page, AWAY);
      await sees(page, keeps);
    }),
  );
});
