import { describe, expect, it } from "vitest";
import { readAnnotations } from "../read/annotations";
import { single } from "../variables/scope";
import { annotationQuery, eventsOf, isShownIn } from "./annotations";

const read = (json: object) => {
  const [annotation] = readAnnotations([{ name: "Deploys", expr: "deploys", ...json }]).annotations;
  if (!annotation) throw new Error("no annotation");
  return annotation;
};
const RANGE = { fromMs: 1_700_000_000_000, toMs: 1_700_003_600_000 };
const ask = (json: object) => annotationQuery(read(json), { range: RANGE, scope: new Map([["every", single("2m")], ["job", single("web")]]), scrapeMs: 15_000 });
const answer = (values: [number, string][]) => ({ resultType: "matrix" as const, result: [{ metric: { app: "shop", version: "1.2" }, values }] });

describe("annotationQuery", () => {
  it("asks once a minute where nothing else is said", () => expect(ask({}).stepMs).toBe(60_000));
  it("fills variables, also in the step", () =>
    expect(ask({ expr: 'deploys{job="$job"}[$__interval]', step: "$every" })).toMatchObject({ expr: 'deploys{job="web"}[2m]', stepMs: 120_000, startMs: 1_699_999_920_000 }));
});

describe("eventsOf", () => {
  const query = ask({});
  const spans = (json: object, values: [number, string][]) => eventsOf(read(json), query, answer(values)).map(({ startMs, endMs }) => [startMs, endMs]);

  it("puts moments together that are no further apart than a step", () =>
    expect(spans({}, [[60, "1"], [120, "1"], [180, "0"], [300, "2"]])).toEqual([[60_000, 120_000], [300_000, 300_000]]));
  it("takes values for times where it is told to", () =>
    expect(spans({ useValueForTime: true }, [[60, "500000"], [120, "500000"], [180, "1e6"], [240, "NaN"]])).toEqual([[500_000, 500_000], [1_000_000, 1_000_000]]));
  it("writes labels into its words", () =>
    expect(eventsOf(read({ titleFormat: "{{app}}", textFormat: "to {{version}}", tagKeys: "version, none" }), query, answer([[60, "1"]]))[0]).toMatchObject({ title: "shop", text: "to 1.2", tags: ["1.2"] }));
  it("has the name for a title where there is none", () => expect(eventsOf(read({}), query, answer([[60, "1"]]))[0]?.title).toBe("Deploys"));
});

it("is shown in the panels it names, or in all others", () => {
  expect(["1", "2", "2/2"].map((key) => isShownIn(read({ filter: { ids: [2] } }), key))).toEqual([false, true, true]);
  expect(["1", "2"].map((key) => isShownIn(read({ filter: { exclude: true, ids: [2] } }), key))).toEqual([true, false]);
  expect(isShownIn(read({ filter: { ids: [] } }), "1")).toBe(true);
});

it("says which annotations are not shown, but not that Grafana's own is there", () =>
  expect(
    readAnnotations([
      { builtIn: 1, name: "Annotations & Alerts", datasource: { type: "grafana", uid: "-- Grafana --" }, type: "dashboard" },
      { name: "Logs", datasource: { type: "loki" }, expr: "{}" },
      { name: "Notes", datasource: { type: "grafana" }, target: { type: "tags" } },
      { name: "New", datasource: { type: "prometheus" }, target: { expr: "up", interval: "5m" }, enable: false, hide: true, iconColor: "blue" },
    ]),
  ).toMatchObject({
    annotations: [{ name: "New", expr: "up", step: "5m", isOn: false, isHidden: true, color: "blue", panels: null }],
    notices: ['Annotations "Logs" ask loki, which is not this host.', 'Annotations "Notes" have no query of this host: they are kept in Grafana.'],
  }));
