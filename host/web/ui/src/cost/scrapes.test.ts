import { expect, it } from "vitest";
import type { InstantSample, QueryData } from "../api";
import { isOwnQuery, jobsQuery, scrapeRows, targetsQuery, TOTALS_QUERY } from "./scrapes";

function sample(metric: Record<string, string>, value: string): InstantSample {
  return { metric, value: [0, value] };
}

it("puts the figures of one target into one row, whatever the order of their labels", () => {
  const data: QueryData = {
    resultType: "vector",
    result: [
      sample({ __name__: "scrape_duration_seconds", job: "a", instance: "1", figure: "took" }, "0.5"),
      sample({ instance: "1", job: "a", figure: "added" }, "3"),
      sample({ instance: "2", job: "a", figure: "kept" }, "40"),
      sample({ instance: "2", job: "a", figure: "other" }, "1"),
    ],
  };
  expect(scrapeRows(data)).toEqual([
    { labels: { job: "a", instance: "1" }, targets: null, kept: null, took: 0.5, added: 3 },
    { labels: { job: "a", instance: "2" }, targets: null, kept: 40, took: null, added: null },
  ]);
});

it("asks for all figures of what one figure makes the dearest", () => {
  expect(targetsQuery("took").match(/topk\(20, [a-z_]+\)/g)).toEqual(Array(3).fill("topk(20, scrape_duration_seconds)"));
  expect(jobsQuery("targets").match(/topk\(20, count by \(job\) \(up\)\)/g)).toHaveLength(4);
});

it("knows its own queries", () => {
  const others = ["up", 'label_replace(up, "figure", "$1", "job", "(.*)")'];
  expect([jobsQuery("kept"), targetsQuery("added"), TOTALS_QUERY, ...others].map(isOwnQuery)).toEqual([true, true, true, false, false]);
});
