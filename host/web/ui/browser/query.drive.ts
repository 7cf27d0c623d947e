/** The query page: what is asked, how the answer is looked at, and that the address is all of it. */
import type { Page } from "playwright-core";
import { keepsNobodyOut } from "./axe";
import { expect, open, sees, seesNo, settled, test } from "./drive";

const UP = "/query?g0.expr=up&g0.tab=table";

function editor(page: Page, panel = 1) {
  return page.getByRole("textbox", { name: `Expression of panel ${panel}` });
}

function rows(page: Page) {
  return page.getByRole("table").getByRole("row");
}

test("an expression is typed with completion, and Enter runs it", async ({ page }) => {
  await open(page, "/query");
  await editor(page).click();
  await page.keyboard.type("sum by (mode) (rate(node_cpu_sec");
  const offered = page.getByRole("option", { name: "node_cpu_seconds_total" });
  await offered.waitFor();
  await keepsNobodyOut(page);
  await offered.click();
  await page.keyboard.type("[30s]");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Enter");
  await sees(page, 'mode="idle"');
  expect(new URL(page.url()).searchParams.get("g0.expr")).toBe("sum by (mode) (rate(node_cpu_seconds_total[30s]))");
});

test("table, graph and plan are of one expression, and the address makes the same again", async ({ page }) => {
  await open(page, UP);
  await expect.poll(() => rows(page).count()).toBeGreaterThan(3);
  await page.getByRole("tab", { name: "Graph" }).click();
  await page.locator("canvas").waitFor();
  await page.getByRole("textbox", { name: "Range" }).fill("5m");
  await page.getByRole("textbox", { name: "Range" }).press("Enter");
  await page.getByText("Stacked", { exact: true }).click();
  await page.getByRole("tab", { name: "Explain" }).click();
  await sees(page, /Expected: \d+ series/);
  await page.getByRole("button", { name: "Analyze" }).click();
  await sees(page, "Measured: ");
  await page.getByRole("tab", { name: "Graph" }).click();
  await page.locator("canvas").waitFor();

  await page.reload();
  await settled(page);
  await page.locator("canvas").waitFor();
  expect(await page.getByRole("textbox", { name: "Range" }).inputValue()).toBe("5m");
  expect(await page.getByRole("radio", { name: "Stacked" }).isChecked()).toBe(true);
  await expect.poll(() => editor(page).innerText()).toBe("up");
});

test("a drag in the graph shows what lies between, and the legend one series alone", async ({ page }) => {
  await open(page, "/query?g0.expr=up&g0.tab=graph&g0.range_input=5m");
  const plot = page.locator(".u-over");
  const box = await plot.boundingBox();
  if (!box) throw new Error("the graph has no place");
  await page.mouse.move(box.x + box.width * 0.5, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width - 2, box.y + 60, { steps: 5 });
  await page.mouse.up();
  await expect.poll(() => page.getByRole("textbox", { name: "Range", exact: true }).inputValue()).toMatch(/^2m\d+s$/);

  const entries = page.getByRole("button", { pressed: true });
  await expect.poll(() => entries.count()).toBeGreaterThan(2);
  await entries.first().click();
  await expect.poll(() => entries.count()).toBe(1);
});

test("panels are added, duplicated and removed", async ({ page }) => {
  await open(page, UP);
  await page.getByRole("button", { name: "Add panel" }).click();
  await editor(page, 2).click();
  await page.keyboard.type("vector(42)");
  await page.keyboard.press("Enter");
  const second = page.getByRole("region", { name: "Panel 2" });
  await sees(second, "42");
  await page.getByRole("button", { name: "Duplicate panel 2" }).click();
  await sees(page.getByRole("region", { name: "Panel 3" }), "42");

  await page.reload();
  await sees(page.getByRole("region", { name: "Panel 3" }), "42");
  await page.getByRole("button", { name: "Remove panel 3" }).click();
  await page.getByRole("button", { name: "Remove panel 2" }).click();
  await expect.poll(() => page.getByRole("region", { name: /^Panel/ }).count()).toBe(1);
  expect(page.url()).not.toContain("g1.");
});

test("an error is told, and leads to its place in the expression", async ({ page, watch }) => {
  await open(page, "/query");
  watch.expects(/status of 400/);
  await editor(page).click();
  await page.keyboard.type("sum(up) or");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Enter");
  await sees(page.getByRole("alert"), /1:\d+|line 1|position|column|expected/i);
});

test("the metrics explorer finds a metric by what it means", async ({ page }) => {
  await open(page, "/query");
  await page.getByRole("button", { name: "Browse metrics" }).click();
  const explorer = page.getByRole("dialog", { name: "Metrics" });
  await explorer.getByRole("textbox", { name: "Filter metrics" }).fill("cpu mode seconds");
  await sees(explorer, "node_cpu_seconds_total");
  await keepsNobodyOut(page);
  await page.keyboard.press("Enter");
  await seesNo(page, "Filter metrics");
  await expect.poll(() => editor(page).innerText()).toContain("node_cpu");
});

test("the labels of a metric are explored, and narrow what is inserted", async ({ page }) => {
  await open(page, "/query");
  await page.getByRole("button", { name: "Browse metrics" }).click();
  await page.getByRole("textbox", { name: "Filter metrics" }).fill("node_cpu_seconds_total");
  await page.getByRole("button", { name: "Labels of node_cpu_seconds_total" }).click();
  const explorer = page.getByRole("dialog", { name: "Labels of a metric" });
  await explorer.getByRole("button", { name: /^"idle"/ }).click();
  await sees(explorer, 'node_cpu_seconds_total{mode="idle"}');
  await settled(page);
  await keepsNobodyOut(page);
  await explorer.getByRole("button", { name: "Insert" }).click();
  await expect.poll(() => editor(page).innerText()).toContain('node_cpu_seconds_total{mode="idle"}');
});

test("a query is shown as its parts, and each says what it does", async ({ page }) => {
  const expr = "sum by (job) (up) / on (job) group_left () count by (job) (up == 1)";
  await open(page, `/query?${new URLSearchParams({ "g0.expr": expr })}`);
  await page.getByRole("tab", { name: "Tree" }).click();
  const notes = page.getByRole("region", { name: "About this part" });
  await sees(notes, "Many on the left may have the same partner on the right.");
  await sees(notes, "left only");
  await page.getByRole("button", { name: "sum by (job) (…)" }).click();
  await sees(notes, /^Here \d+ series become \d+\.$/);
  await page.getByRole("button", { name: "up", exact: true }).first().focus();
  await page.keyboard.press("Enter");
  await sees(notes, 'The name of the metric is "up".');
  await page.reload();
  await sees(page, "Operator /");
});

test("a part that fails says so, and what stands on it is not run", async ({ page, watch }) => {
  watch.expects(/status of 422/);
  await open(page, `/query?${new URLSearchParams({ "g0.expr": "abs(up + on () up)", "g0.tab": "explain", "g0.show_tree": "1" })}`);
  await sees(page, /^failed: .*many-to-many/);
  await sees(page, "not run: one below failed");
  await page.getByRole("button", { name: "… + on () …" }).click();
  await sees(page, "an error: one side has many series");
});

test("a click copies a series", async ({ page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await open(page, "/query?g0.expr=up{job%3D%22node%22}&g0.tab=table");
  await page.getByRole("button", { name: /^up\{/ }).click();
  await sees(page, "Copied");
  expect(await page.evaluate(() => navigator.clipboard.readText())).toMatch(/^up\{instance=.*job="node"\}$/);
});

test("what was run is in the history, and what is run long is written well", async ({ page }) => {
  await open(page, UP);
  await editor(page).click();
  await page.keyboard.press("Control+a");
  await page.keyboard.type("sum(up)by(job)");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Format the expression" }).click();
  await expect.poll(() => editor(page).innerText()).toContain("sum by (job) (up)");
  await page.getByRole("button", { name: "Run" }).click();
  await sees(page, 'job="node"');
  await page.getByRole("button", { name: "Query history" }).click();
  await page.getByRole("textbox", { name: "Filter the history" }).fill("sum by");
  await keepsNobodyOut(page);
  await page.keyboard.press("Escape");
});

test("another time is chosen for the table", async ({ page }) => {
  await open(page, UP);
  await page.getByRole("button", { name: "Evaluation time: earlier" }).click();
  await page.waitForURL(/g0\.moment_input=/);
  await page.getByRole("button", { name: "Evaluation time: now" }).click();
  await expect.poll(() => page.url()).not.toContain("moment_input");
});
