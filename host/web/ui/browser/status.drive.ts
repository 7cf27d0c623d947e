/** What runs here and what it costs: the pages of the menu "Status". */
import { keepsNobodyOut } from "./axe";
import { expect, open, sees, seesNo, test } from "./drive";

test("costs are sorted by what is asked for", async ({ page }) => {
  await open(page, "/cost");
  const jobs = page.getByRole("table", { name: "Jobs" });
  const took = jobs.getByRole("columnheader", { name: "Took" });
  expect(await took.getAttribute("aria-sort")).toBeNull();
  await took.getByRole("button").click();
  await expect.poll(() => took.getAttribute("aria-sort")).toBe("descending");
  expect(new URL(page.url()).searchParams.get("jobs")).toBe("took");
  await page.getByRole("link", { name: "Plugins" }).last().click();
});

test("flags are searched", async ({ page }) => {
  await open(page, "/flags");
  await page.getByRole("textbox", { name: "Filter by text" }).fill("listen-address");
  await sees(page, "1 flag");
  await seesNo(page, "--config.file");
  await page.getByRole("textbox", { name: "Filter by text" }).fill("no such flag");
  await sees(page, "No flag passes this filter.");
});

test("the configuration is copied", async ({ page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await open(page, "/config");
  await page.getByRole("button", { name: /^Copy/ }).click();
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toContain("job_name: gone");
});

test("the store shows as many lines as asked for", async ({ page }) => {
  await open(page, "/tsdb-status");
  await page.getByRole("combobox", { name: "How many lines the tables have" }).selectOption("25");
  await page.waitForURL(/limit=25/);
});

test("series are deleted after a look at them", async ({ page }) => {
  await open(page, "/tsdb-status");
  await page.getByRole("textbox", { name: "Series to delete" }).fill('up{job="found"}');
  await page.getByRole("button", { name: "Show what would be deleted" }).click();
  await sees(page, "1 series");
  await keepsNobodyOut(page);
});
