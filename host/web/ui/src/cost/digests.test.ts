import { expect, it } from "vitest";
import { digestsOf, type Known } from "./digests";
import { TOTALS_QUERY } from "./scrapes";

const NOTHING: Known = { status: null, totals: null, jobs: null, groups: null, queries: null, plugins: null };

it("tells what takes the most of each", () => {
  const digests = digestsOf({
    ...NOTHING,
    status: {
      headStats: { numSeries: 200 },
      seriesCountByMetricName: [{ name: "http_requests", value: 50 }],
      labelValueCountByLabelName: [],
      memoryInBytesByLabelName: [],
      seriesCountByLabelValuePair: [],
    },
    totals: { targets: 3, kept: 40, took: 1, added: 0 },
    jobs: [
      { labels: { job: "a" }, targets: 1, kept: 10, took: 1, added: 0 },
      { labels: { job: "b" }, targets: 2, kept: 30, took: 0, added: 0 },
    ],
    groups: [{ name: "g", file: "r.yml", interval: 10, evaluationTime: 2, rules: [] }],
  });
  expect(digests.map(({ figure, most }) => [figure, most])).toEqual([
    ["200", "http_requests 25 %"],
    ["40", "job b 75 %"],
    ["20 %", "g, of its interval"],
    ["–", null],
    ["–", null],
  ]);
});

it("names a query of others before its own", () => {
  const cost = { count: 1, failed: 0, durationMax: 0, samplesSum: 0, samplesMax: 0, last: "" };
  const queries = [
    { ...cost, query: TOTALS_QUERY, durationSum: 3 },
    { ...cost, query: "up", durationSum: 1 },
  ];
  const asked = digestsOf({ ...NOTHING, queries: { since: "", kept: 2, forgotten: 0, queries } })[3];
  expect([asked?.figure, asked?.most]).toEqual(["4 s", "up 25 %"]);
});

it("names nothing where nothing costs", () => {
  const [, , groups, queries] = digestsOf({ ...NOTHING, groups: [], queries: { since: "", kept: 0, forgotten: 0, queries: [] } });
  expect([groups?.figure, groups?.most, queries?.figure, queries?.most]).toEqual(["0 %", null, "0 s", null]);
});
