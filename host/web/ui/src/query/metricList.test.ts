import { expect, it } from "vitest";
import { filterMetrics, metricList } from "./metricList";

const METRICS = metricList(["http_seconds_bucket", "http_seconds_sum", "node_up", "up"], {
  http_seconds: [{ type: "histogram", help: "How long requests take." }],
});

it("finds what is known of a histogram's series", () =>
  expect(METRICS.map((metric) => [metric.name, metric.type])).toEqual([
    ["http_seconds_bucket", "histogram"],
    ["http_seconds_sum", "histogram"],
    ["node_up", ""],
    ["up", ""],
  ]));

it("puts names that begin with the filter first", () =>
  expect(filterMetrics(METRICS, "up").map((metric) => metric.name)).toEqual(["up", "node_up"]));

it("looks into the help", () =>
  expect(filterMetrics(METRICS, "requests bucket").map((metric) => metric.name)).toEqual(["http_seconds_bucket"]));

it("lets all pass without a filter", () => expect(filterMetrics(METRICS, " ")).toHaveLength(4));
