/** What axe-core says of a page, as lines for a message; only what keeps people out. */
import axe, { type AxeResults, type RunOptions } from "axe-core";
import type { Page } from "playwright-core";
import { expect, settled } from "./drive";

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"];
const NODES_TOLD_MAX = 5;

/** Of another scheme of colors only these are asked again. */
export const RULES_OF_COLORS = ["color-contrast"];

export async function graveFaults(page: Page, only?: string[]): Promise<string[]> {
  // The policy of the pages allows no script from elsewhere; this way in is the debugger's, which no policy binds.
  await page.evaluate(axe.source);
  const options: RunOptions = {
    runOnly: only ? { type: "rule", values: only } : { type: "tag", values: TAGS },
    resultTypes: ["violations"],
  };
  const { violations } = await page.evaluate((asked): Promise<AxeResults> => {
    const loaded = (window as unknown as { axe: typeof axe }).axe;
    return loaded.run(document, asked);
  }, options);
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, impact, help, nodes }) =>
      nodes
        .slice(0, NODES_TOLD_MAX)
        .map((node) => `${impact} ${id}: ${help}\n  at ${node.target.join(" ")}\n  ${node.html}\n  ${node.failureSummary}`),
    );
}

/** For what opens over a page, and is not seen when the page is. */
export async function keepsNobodyOut(page: Page): Promise<void> {
  await settled(page);
  expect.soft(await graveFaults(page), "axe").toEqual([]);
}
