import { expect, it } from "vitest";
import type { TsdbStatus } from "../statusApi";
import { rankings } from "./rankings";

const STATUS: TsdbStatus = {
  headStats: { numSeries: 200 },
  seriesCountByMetricName: [{ name: "http.requests", value: 50 }],
  seriesCountByLabelValuePair: [{ name: 'path=a="b"', value: 100 }],
  labelValueCountByLabelName: [{ name: "le", value: 30 }],
  memoryInBytesByLabelName: [{ name: "k8s.pod", value: 4096 }],
};

it("puts a query behind every line", () =>
  expect(rankings(STATUS).map((each) => each.rows[0]?.expr)).toEqual([
    'count({__name__="http.requests"})',
    'topk(20, count by (__name__) ({path="a=\\"b\\""}))',
    'topk(20, count by (le) ({le!=""}))',
    'topk(20, count by ("k8s.pod") ({"k8s.pod"!=""}))',
  ]));

it("tells shares of the head only for series", () =>
  expect(rankings(STATUS).map((each) => each.rows[0]?.share)).toEqual([0.25, 0.5, null, null]));

it("does not divide by an empty head", () =>
  expect(rankings({ ...STATUS, headStats: {} })[0]?.rows[0]?.share).toBeNull());
