/** Every page, wide and narrow, light and dark: it shows what it is for, and keeps nobody out. */
import { afterAll, describe } from "vitest";
import { ROUTES } from "../src/routes";
import { graveFaults, RULES_OF_COLORS } from "./axe";
import { expect, NARROW, open, picture, sees, settled, test, WIDE } from "./drive";
import { addressOf, PLACES } from "./places";

const SIZES = [
  { name: "wide", viewport: WIDE },
  { name: "narrow", viewport: NARROW },
];
const SCHEMES = ["light", "dark"] as const;

/** First paints in milliseconds by place. They are told, and decide nothing. */
const paints: [place: string, ms: number][] = [];

test("every page of the table has a place", () => {
  const visited = new Set(PLACES.map(({ page }) => page));
  expect(ROUTES.map(({ page }) => page).filter((page) => !visited.has(page))).toEqual([]);
});

describe.for(SIZES)("$name", ({ name: size, viewport }) => {
  test.for(PLACES)("$name", async (place, { page, watch }) => {
    if (place.trouble) watch.expects(place.trouble);
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme: SCHEMES[0] });
    await open(page, addressOf(place));
    for (const text of place.shows) await sees(page.locator("main"), text);
    if (place.isDrawn) await page.locator("canvas").first().waitFor();
    const title = ROUTES.find((route) => route.page === place.page)?.title ?? "Not found";
    expect(await page.title()).toContain(title);
    for (const scheme of SCHEMES) {
      await page.emulateMedia({ colorScheme: scheme });
      await settled(page);
      await picture(page, `${place.name} ${size} ${scheme}`);
      const faults = await graveFaults(page, scheme === SCHEMES[0] ? undefined : RULES_OF_COLORS);
      expect.soft(faults, `axe, ${scheme}`).toEqual([]);
    }
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(overflow, "pixels that the document scrolls sideways").toBe(0);
    if (viewport === WIDE) {
      paints.push([place.name, await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? NaN)]);
    }
  });
});

afterAll(() => {
  const lines = paints.map(([place, ms]) => `${String(Math.round(ms)).padStart(6)} ms  ${place}`);
  console.info(["first contentful paint", ...lines].join("\n"));
});
