/** Where samples come from: targets, what discovery made of them, plugins. */
import { keepsNobodyOut } from "./axe";
import { expect, open, sees, seesNo, test } from "./drive";

test("targets are filtered by health and by words", async ({ page }) => {
  await open(page, "/targets");
  await sees(page, "http://127.0.0.1:1/metrics");
  await page.getByText(/^Up \d/).click();
  await seesNo(page, "http://127.0.0.1:1/metrics");
  await page.getByText(/^All \d/).click();
  await page.getByRole("textbox", { name: "Filter by text" }).fill("job=gone");
  await sees(page, "2 targets");
  await page.reload();
  await sees(page, "2 targets");
});

test("one pool alone is chosen, and the address keeps it", async ({ page }) => {
  await open(page, "/targets");
  await page.getByRole("combobox", { name: "Pool" }).click();
  await keepsNobodyOut(page);
  await page.getByRole("option", { name: "gone" }).click();
  await sees(page, "2 targets");
  await page.reload();
  await sees(page, "2 targets");
  expect(new URL(page.url()).searchParams.get("pool")).toBe("gone");
});

test("a pool shows the configuration that is in force for it", async ({ page }) => {
  await open(page, "/targets?search=job%3Dgone");
  const button = page.getByRole("button", { name: "Configuration" });
  await button.click();
  await sees(page, /scrape_interval: 1s/);
  await keepsNobodyOut(page);
  await page.getByRole("button", { name: "Hide configuration" }).click();
  await seesNo(page, /scrape_interval: 1s/);
});

test("a target that was found is followed rule by rule", async ({ page }) => {
  await open(page, "/service-discovery?search=pool%3Dfound");
  const dropped = page.getByRole("listitem").filter({ hasText: "127.0.0.1:4" }).first();
  await dropped.getByRole("button", { name: "Rule by rule" }).click();
  await sees(dropped, "Drops the target");
  await sees(dropped, "Not reached");
  await keepsNobodyOut(page);
  const kept = page.getByRole("listitem").filter({ hasText: "127.0.0.1:3" }).first();
  await kept.getByRole("button", { name: "Rule by rule" }).click();
  await sees(kept, 'place="cellar"');
  await kept.getByRole("button", { name: "Hide the rules" }).click();
  await page.getByText(/^Dropped \d/).click();
  await sees(page, "1 target");
});

test("a plugin is reloaded, switched off and on again", async ({ page }) => {
  await open(page, "/plugins?search=webhook");
  await sees(page, "1 plugin");
  await page.getByRole("button", { name: "Reload" }).click();
  await page.getByRole("button", { name: "Reload" }).and(page.locator(":enabled")).waitFor();
  await page.getByRole("button", { name: "Disable" }).click();
  await sees(page, "Notifications through it will fail.");
  await keepsNobodyOut(page);
  await page.getByRole("button", { name: "Disable webhook" }).click();
  await sees(page, "It is not called");
  await page.getByRole("button", { name: "Enable" }).click();
  await sees(page, "ready");
  await seesNo(page, "It is not called");
});

test("a plugin tells what it may do, and what it said", async ({ page }) => {
  await open(page, "/plugins?kind=exporter");
  await sees(page, "Capability");
  await page.getByText(/\d+ imports?/).click();
  await sees(page, /narthex:plugin|wasi:/);
  expect(await page.getByRole("progressbar").count()).toBeGreaterThan(0);
});
