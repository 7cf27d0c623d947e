/** What people on call do: look for alerts, say who cares, keep them quiet, ask who is told. */
import type { Locator, Page } from "playwright-core";
import { keepsNobodyOut } from "./axe";
import { expect, open, sees, seesNo, test } from "./drive";

/** The part of a page that is about one alert. */
function entry(page: Page, instance: string): Locator {
  return page.getByRole("article").filter({ hasText: `${instance} is down` });
}

test("alerts are filtered by state and by words, and the address keeps it", async ({ page }) => {
  await open(page, "/alerts");
  await sees(page, "NothingScraped");
  await page.getByText(/^Firing \d/).click();
  await seesNo(page, "NothingScraped");
  await page.getByRole("textbox", { name: "Filter by text" }).fill("severity=page");
  await sees(page, "1 rule");
  await page.reload();
  await sees(page, "1 rule");
  await seesNo(page, "NothingScraped");
  await page.getByRole("button", { name: "Clear filter" }).click();
  await page.getByText(/^All \d/).click();
  await sees(page, "NothingScraped");
});

test("a rule unfolds, and leads to its expression", async ({ page }) => {
  await open(page, "/alerts");
  await page.getByText("NothingScraped").click();
  await page.getByRole("link", { name: "absent(up)" }).click();
  await page.waitForURL("**/query?*");
  await expect.poll(() => page.getByRole("textbox", { name: "Expression of panel 1" }).innerText()).toBe("absent(up)");
});

test("rules are filtered", async ({ page }) => {
  await open(page, "/rules");
  await page.getByRole("textbox", { name: "Filter by text" }).fill("rate30s");
  await sees(page, "1 rule");
  await seesNo(page, "TargetDown");
});

test("an alert is acknowledged after a look at what that is about, and the word is taken back", async ({ page }) => {
  await open(page, "/groups");
  const alert = entry(page, "127.0.0.1:1");
  await alert.getByRole("button", { name: "Acknowledge" }).click();
  const dialog = page.getByRole("dialog", { name: "Acknowledge" });
  await sees(dialog, "1 alert matches now:");
  await dialog.getByRole("button", { name: "Acknowledge" }).click();
  await sees(dialog, "Say who cares for it.");
  await keepsNobodyOut(page);
  await dialog.getByRole("textbox", { name: "Your name" }).fill("Ada");
  await dialog.getByRole("combobox", { name: "Comment" }).fill("looking at it");
  await dialog.getByRole("button", { name: "Acknowledge" }).click();
  await dialog.waitFor({ state: "detached" });
  await sees(alert, /Acknowledged by Ada.*looking at it/);
  await alert.getByRole("button", { name: "Take back" }).click();
  await alert.getByRole("button", { name: "Acknowledge" }).waitFor();
});

test("a silence is made after a look at what it is about, is found, and is ended", async ({ page }) => {
  await open(page, "/groups");
  await entry(page, "127.0.0.1:2").getByRole("link", { name: "Silence" }).click();
  await page.waitForURL("**/silences?new=*");
  await sees(page, "1 alert matches now:");
  await page.getByRole("button", { name: "Lasts 4h" }).click();
  await page.getByRole("textbox", { name: "Your name" }).fill("Ada");
  await page.getByRole("button", { name: "Silence", exact: true }).click();
  await sees(page, "Something is missing above.");
  await keepsNobodyOut(page);
  await page.getByRole("combobox", { name: "Comment" }).fill("moved to another room");
  await page.getByRole("button", { name: "Silence", exact: true }).click();

  const card = page.getByRole("article", { name: /^Silence / });
  await sees(card, /Ada: moved to another room/);
  await sees(card, "keeps 1 alert quiet now");
  await card.getByRole("link", { name: "alerts that match" }).click();
  await sees(entry(page, "127.0.0.1:2"), /Silenced by/);
  await page.getByRole("link", { name: /^[0-9a-f]{8}$/ }).click();
  await card.getByRole("button", { name: "Expire" }).click();
  await keepsNobodyOut(page);
  await page.getByRole("button", { name: "Expire this silence" }).click();
  await sees(card, /^Ended/);
});

test("matchers are typed with completion", async ({ page }) => {
  await open(page, "/silences?new=");
  const field = page.getByRole("textbox", { name: "Alerts that are silenced" });
  await field.click();
  await field.pressSequentially("sever");
  await page.getByRole("option", { name: "severity=" }).click();
  await page.getByRole("option", { name: 'severity="page"' }).click();
  await sees(page, "2 alerts match now:");
  await page.getByRole("button", { name: 'Remove severity="page"' }).click();
  await sees(page, "Without matchers there is nothing that matches.");
  await field.fill("nonsense");
  await field.press("Enter");
  await sees(page, /Write matchers as/);
  await keepsNobodyOut(page);
});

test("routing tells who would be notified of labels", async ({ page }) => {
  await open(page, "/routing");
  const labels = page.getByRole("textbox", { name: "Labels of an alert" });
  await labels.fill('severity="page"');
  await labels.press("Enter");
  await sees(page.locator("[aria-live]"), "pager");
  await sees(page, "notifies");
  await keepsNobodyOut(page);
  await page.getByRole("button", { name: 'Remove severity="page"' }).click();
  await labels.fill('severity="low"');
  await labels.press("Enter");
  await sees(page.locator("[aria-live]"), "everybody");
});
