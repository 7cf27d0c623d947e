/**
 * What every drive starts from: a page in a browser profile of its own, watched from its first request to the end of the test.
 * Nothing here waits for a time to pass: it waits for what people see.
 */
import { chromium, type Browser, type BrowserContext, type Locator, type Page } from "playwright-core";
import { expect, test as base } from "vitest";
import { Watch } from "./watch";
import { CHROMIUM, HOST, SCREENSHOTS } from "./world";

export { expect };

const PATIENCE_MS = 15_000;

export const WIDE = { width: 1280, height: 900 };
export const NARROW = { width: 390, height: 844 };

interface Fixtures {
  browser: Browser;
  context: BrowserContext;
  watch: Watch;
  page: Page;
}

export const test = base.extend<Fixtures>({
  browser: [
    async ({}, use) => {
      const browser = await chromium.launch({
        executablePath: CHROMIUM,
        args: ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update"],
      });
      await use(browser);
      await browser.close();
    },
    { scope: "worker" },
  ],
  context: async ({ browser }, use) => {
    const context = await browser.newContext({ viewport: WIDE, baseURL: HOST, locale: "en-GB", timezoneId: "Europe/Vienna" });
    context.setDefaultTimeout(PATIENCE_MS);
    await use(context);
    await context.close();
  },
  watch: async ({ context }, use) => {
    const watch = new Watch(context, HOST);
    await use(watch);
    expect(watch.all(), "what the page did wrong").toEqual([]);
  },
  page: async ({ context, watch: _, task }, use) => {
    const page = await context.newPage();
    await use(page);
    if (task.result?.state === "fail") await picture(page, `failed ${task.name}`);
  },
});

/** Opens a page of the host, and waits until it shows what it has. */
export async function open(page: Page, path: string): Promise<void> {
  await page.goto(path, { waitUntil: "load" });
  await page.locator("main").waitFor();
  await settled(page);
}

/** Waits until nothing loads and nothing moves. */
export async function settled(page: Page): Promise<void> {
  const loading = page.locator('.mantine-Loader-root, [role="status"][aria-label$="is loading"]');
  await expect.poll(() => loading.count(), { timeout: PATIENCE_MS }).toBe(0);
  await page.evaluate(async () => {
    const ends = document.getAnimations().filter((each) => each.effect?.getComputedTiming().endTime !== Infinity);
    await Promise.allSettled(ends.map((each) => each.finished));
  });
}

/** Waits until a text is seen. */
export async function sees(where: Page | Locator, text: string | RegExp): Promise<void> {
  await where.getByText(text).filter({ visible: true }).first().waitFor();
}

/** Waits until a text is gone. */
export async function seesNo(where: Page | Locator, text: string | RegExp): Promise<void> {
  await expect.poll(() => where.getByText(text).filter({ visible: true }).count(), { timeout: PATIENCE_MS }).toBe(0);
}

export async function picture(page: Page, name: string): Promise<void> {
  const file = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
  await page.screenshot({ path: `${SCREENSHOTS}/${file}.png`, fullPage: true });
}
