/** Dashboards: brought along, looked at, changed in what they show, and taken away. */
import type { Page } from "playwright-core";
import { keepsNobodyOut } from "./axe";
import { expect, open, sees, settled, test } from "./drive";

const BROUGHT = {
  uid: "brought",
  title: "Brought along",
  schemaVersion: 39,
  time: { from: "now-15m", to: "now" },
  panels: [
    { id: 1, type: "stat", title: "How many are up", gridPos: { x: 0, y: 0, w: 6, h: 4 }, targets: [{ refId: "A", expr: "sum(up)" }] },
  ],
};

function panel(page: Page, name: string) {
  return page.getByRole("region", { name, exact: true });
}

test("a dashboard is imported by paste, opened, and deleted", async ({ page }) => {
  await open(page, "/dashboards");
  await page.getByRole("button", { name: "Import" }).click();
  const json = page.getByRole("textbox", { name: "JSON of the dashboard" });
  await json.fill("{");
  await sees(page, /This is not JSON/);
  await json.fill(JSON.stringify(BROUGHT));
  await sees(page, "1 panel.");
  await keepsNobodyOut(page);
  await page.getByRole("region", { name: "Import a dashboard" }).getByRole("button", { name: "Import", exact: true }).click();
  await page.waitForURL("**/dashboards?uid=brought");
  await sees(panel(page, "How many are up"), /^\d$/);

  await page.getByRole("link", { name: "Dashboards" }).last().click();
  await page.getByRole("textbox", { name: "Filter by text" }).fill("brought");
  await page.getByRole("button", { name: "Delete Brought along" }).click();
  await keepsNobodyOut(page);
  await page.getByRole("button", { name: "Delete", exact: true }).last().click();
  await sees(page, "No dashboard passes this filter.");
});

test("a variable is chosen, and panels and the address follow", async ({ page }) => {
  await open(page, "/dashboards?uid=modes");
  await panel(page, "Busy in idle").locator("canvas").waitFor();
  await page.getByRole("combobox", { name: "Mode" }).click();
  await page.getByRole("option", { name: "user" }).click();
  await panel(page, "Busy in user").locator("canvas").waitFor();
  expect(new URL(page.url()).searchParams.get("var-mode")).toBe("user");
  await page.reload();
  await panel(page, "Busy in user").locator("canvas").waitFor();
});

test("another range is chosen, moved, and panels are asked again", async ({ page }) => {
  await open(page, "/dashboards?uid=modes");
  const range = page.getByRole("group", { name: "Time range" });
  await range.getByRole("button", { name: "Last 5 minutes" }).click();
  await keepsNobodyOut(page);
  await page.getByRole("button", { name: "Last 15 minutes" }).click();
  await page.waitForURL(/from=now-15m/);
  const asked = page.waitForRequest((request) => request.url().includes("/api/v1/query_range"));
  await page.getByRole("button", { name: "Refresh now" }).click();
  await asked;
  await range.getByRole("button", { name: "Half a range back" }).click();
  await page.waitForURL(/from=\d{13}/);
  await page.getByRole("combobox", { name: "Refresh every" }).click();
  await page.getByRole("option", { name: "5s" }).click();
  await page.waitForURL(/refresh=5s/);
});

test("one panel is shown alone, and leads to the query page", async ({ page }) => {
  await open(page, "/dashboards?uid=modes");
  await page.getByRole("button", { name: "Menu of Targets up" }).click();
  await page.getByRole("menuitem", { name: "Show this panel alone" }).click();
  await expect.poll(() => page.getByRole("button", { name: /^Menu of/ }).count()).toBe(1);
  await page.getByRole("button", { name: "Menu of Targets up" }).click();
  await page.getByRole("menuitem", { name: "Open on the query page" }).click();
  await page.waitForURL("**/query?*");
  await settled(page);
  await expect.poll(() => page.getByRole("textbox", { name: "Expression of panel 1" }).innerText()).toBe("sum(up)");
});

test("states are told by a picture and in words", async ({ page }) => {
  await open(page, "/dashboards?uid=modes");
  const states = panel(page, "Targets over time");
  await states.locator("canvas").waitFor();
  await sees(states, "Here");
  const row = states.getByRole("row", { name: /127\.0\.0\.1:1 Gone/ }).first();
  expect(await row.innerText()).toMatch(/Gone 100\.0%/);
});

test("links lead to other dashboards with the time and the variables, and never to scripts", async ({ page }) => {
  await open(page, "/dashboards?uid=modes&from=now-15m&to=now");
  const links = page.getByRole("navigation", { name: "Links of this dashboard" });
  await sees(links, "A script");
  expect(await links.getByRole("link").count()).toBe(0);
  await links.getByRole("button", { name: "Of machines" }).click();
  await page.getByRole("menuitem", { name: "Machines" }).click();
  await page.waitForURL(/uid=node&from=now-15m&to=now&var-mode=/);
  await page.goBack();
  await settled(page);
  await panel(page, "Targets").getByRole("link").first().click();
  await page.waitForURL(/uid=modes&var-mode=\w+&from=now-15m&to=now/);
});
