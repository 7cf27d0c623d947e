/** What is around every page: navigation, the keyboard, settings, the bell. */
import type { Page } from "playwright-core";
import { ROUTES } from "../src/routes";
import { keepsNobodyOut } from "./axe";
import { expect, NARROW, open, sees, test } from "./drive";

test("the navigation leads to every page", async ({ page }) => {
  await open(page, "/config");
  const navigation = page.getByRole("navigation", { name: "Pages", exact: true });
  for (const route of ROUTES) {
    if (route.menu === undefined) await navigation.getByRole("link", { name: route.title }).click();
    else {
      await navigation.getByRole("button", { name: route.menu }).click();
      await page.getByRole("menuitem", { name: route.title }).click();
    }
    await page.waitForURL(`**/${route.page}`);
    await expect.poll(() => page.title()).toContain(route.title);
    // The keyboard goes on in the page, not in the navigation.
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe("main");
  }
  await page.goBack();
  await page.waitForURL("**/service-discovery");
});

test("the bare address is that of the query page", async ({ page }) => {
  await open(page, "/");
  await page.waitForURL("**/query");
});

test("where there is little room, one menu leads to every page", async ({ page }) => {
  await page.setViewportSize(NARROW);
  await open(page, "/alerts");
  for (const route of ROUTES) {
    await page.getByRole("navigation", { name: "All pages" }).getByRole("button").click();
    await page.getByRole("menuitem", { name: route.title, exact: true }).click();
    await page.waitForURL(`**/${route.page}`);
  }
});

test("the keyboard reaches the page, its navigation and its controls, and it is seen where it is", async ({ page }) => {
  await open(page, "/targets");
  await page.keyboard.press("Tab");
  expect(await focused(page)).toBe("Skip to content");
  await page.keyboard.press("Enter");
  expect(await page.evaluate(() => document.activeElement?.id)).toBe("main");

  await open(page, "/targets");
  const met: string[] = [];
  // More than there are: the walk ends where it comes out of the page.
  for (let step = 0; step < 200; step++) {
    await page.keyboard.press("Tab");
    const name = await focused(page);
    if (name === null) break;
    expect(await isFocusSeen(page), `the focus is seen on ${name}`).toBe(true);
    met.push(name);
  }
  const wanted = ["Query", "Alerts", "Status", "settings of theme and time zone", "Filter by text", "Configuration"];
  const places = wanted.map((name) => met.findIndex((each) => each.includes(name)));
  expect(places, `the order of ${met.join(" | ")}`).toEqual([...places].sort((a, b) => a - b));
  expect(places, `all of ${wanted.join(", ")} among ${met.join(" | ")}`).not.toContain(-1);
});

test("menus work from the keyboard", async ({ page }) => {
  await open(page, "/query");
  await page.getByRole("navigation", { name: "Pages", exact: true }).getByRole("button", { name: "Status" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("menuitem", { name: "Build and runtime" }).waitFor();
  await expect.poll(() => focused(page)).toBe("Build and runtime");
  await keepsNobodyOut(page);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/tsdb-status");
});

test("theme and time zone are chosen once, for all pages", async ({ page }) => {
  await page.emulateMedia({ colorScheme: "light" });
  await open(page, "/status");
  const scheme = () => page.evaluate(() => document.documentElement.dataset["mantineColorScheme"]);
  const started = page.locator("time").filter({ hasText: /\d\d:\d\d:\d\d/ }).first();
  const local = await started.innerText();
  expect(await scheme()).toBe("light");

  await page.getByRole("button", { name: "settings of theme and time zone" }).click();
  await keepsNobodyOut(page);
  await page.getByText("Dark", { exact: true }).click();
  await page.getByText("UTC", { exact: true }).click();
  await expect.poll(scheme).toBe("dark");
  await expect.poll(() => started.innerText()).not.toBe(local);
  const utc = await started.innerText();
  await page.keyboard.press("Escape");

  await page.reload();
  await expect.poll(scheme).toBe("dark");
  await expect.poll(() => started.innerText()).toBe(utc);
});

test("the bell tells what the host wants its operator to know", async ({ page }) => {
  await open(page, "/query");
  await page.getByRole("button", { name: "1 notification" }).click();
  await sees(page.getByRole("dialog"), /Configuration reload has failed/);
  await keepsNobodyOut(page);
  await page.keyboard.press("Escape");
  await expect.poll(() => focused(page)).toBe("1 notification");
});

/** The name of what has the focus; null: nothing in the page has it. */
function focused(page: Page): Promise<string | null> {
  return page.evaluate(() => {
    const element = document.activeElement;
    if (element === null || element === document.body) return null;
    return element.getAttribute("aria-label") ?? element.textContent?.trim().slice(0, 80) ?? "";
  });
}

/** Whether what has the focus looks other than without it, or an outline is drawn around it. */
function isFocusSeen(page: Page): Promise<boolean> {
  return page.evaluate(async () => {
    const element = document.activeElement;
    if (!(element instanceof HTMLElement)) return false;
    // The look of a choice is that of the label after its field.
    const drawn = [element, element.nextElementSibling, element.parentElement].filter((each) => each instanceof HTMLElement);
    const look = async () => {
      await Promise.allSettled(document.getAnimations().map((each) => each.finished));
      return drawn.map((each) => {
        const { outlineStyle, outlineColor, boxShadow, borderColor, backgroundColor } = getComputedStyle(each);
        return [outlineStyle, outlineColor, boxShadow, borderColor, backgroundColor].join(" ");
      });
    };
    const withFocus = await look();
    element.blur();
    const without = await look();
    element.focus();
    return withFocus.some((each, index) => each !== without[index]);
  });
}
