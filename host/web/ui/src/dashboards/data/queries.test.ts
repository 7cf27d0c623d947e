import { expect, it, vi } from "vitest";
import { readPanel } from "../read/panel";
import { single } from "../variables/scope";
import { askingOf, panelRange, queriesOf, type QueryContext } from "./queries";

const CONTEXT: QueryContext = {
  range: { fromMs: 1_000_500, toMs: 4_600_500 },
  zone: "utc",
  scope: new Map([["node", single("n1")], ["step", single("2m")]]),
  widthPixels: 600,
  scrapeMs: 15_000,
};
const panel = (json: object) => readPanel({ type: "timeseries", ...json }, "1", { x: 0, y: 0, w: 12, h: 8 });

it("replaces variables and aligns to steps", () => {
  const [query] = queriesOf(panel({ targets: [{ expr: 'rate(x{instance="$node"}[$__rate_interval]) + $__interval_ms', legendFormat: "of $node" }] }), CONTEXT);
  expect(query).toMatchObject({
    refId: "A", isInstant: false, stepMs: 15_000, startMs: 990_000, endMs: 4_590_000, legend: "of n1",
    expr: 'rate(x{instance="n1"}[1m]) + 15000',
  });
});

it("asks twice where a target wants both, and not for what is hidden or empty", () => {
  const targets = [{ refId: "A", expr: "up", instant: true, range: true }, { refId: "B", expr: "up", hide: true }, { refId: "C", expr: " " }];
  expect(queriesOf(panel({ targets }), CONTEXT).map((each) => [each.refId, each.isInstant])).toEqual([["A", false], ["A", true]]);
});

it("knows steps that targets want", () => {
  const [own, factor] = queriesOf(panel({ targets: [{ expr: "$__interval", interval: "$step" }, { expr: "up", intervalFactor: 4 }] }), CONTEXT);
  expect([own?.stepMs, own?.expr, factor?.stepMs]).toEqual([120_000, "2m", 60_000]);
});

it("looks at a range of its own, and back", () => {
  expect(panelRange(panel({ timeFrom: "10m", timeShift: "1h" }), CONTEXT)).toEqual({ fromMs: 400_500, toMs: 1_000_500 });
});

it("begins its own days in the zone that is chosen", () => {
  vi.stubEnv("TZ", "Asia/Tokyo");
  const range = { fromMs: Date.parse("2026-04-15T00:00:00Z"), toMs: Date.parse("2026-04-15T20:00:00Z") };
  const today = panel({ timeFrom: "now/d" });
  expect(panelRange(today, { ...CONTEXT, range, zone: "utc" }).fromMs).toBe(Date.parse("2026-04-15T00:00:00Z"));
  expect(panelRange(today, { ...CONTEXT, range, zone: "local" }).fromMs).toBe(Date.parse("2026-04-15T15:00:00Z"));
  vi.unstubAllEnvs();
});

it("asks again by hand, and by itself only of what goes on", () => {
  const asking = { queries: queriesOf(panel({ targets: [{ expr: "up" }] }), CONTEXT) };
  const later = { atMs: CONTEXT.range.toMs + 30_000, times: 0 };
  expect(askingOf(asking, { ...later, atMs: later.atMs + 30_000 })).toBe(askingOf(asking, later));
  expect(askingOf(asking, { ...later, times: 1 })).not.toBe(askingOf(asking, later));
  // A day that is not over.
  const [early, next] = [1_000_000, 1_030_000].map((atMs) => askingOf(asking, { atMs, times: 0 }));
  expect(early).not.toBe(next);
});
