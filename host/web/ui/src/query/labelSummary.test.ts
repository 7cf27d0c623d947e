import { expect, it } from "vitest";
import { summarizeLabels } from "./labelSummary";

const SETS = [
  { __name__: "up", job: "a", i: "1" },
  { __name__: "up", job: "b", i: "2" },
  { __name__: "up", job: "a", i: "3" },
];

it("counts values of labels, the name of the metric aside", () =>
  expect(summarizeLabels(SETS, 2)).toEqual([
    {
      name: "i",
      values: 3,
      frequent: [
        { value: "1", series: 1 },
        { value: "2", series: 1 },
      ],
    },
    {
      name: "job",
      values: 2,
      frequent: [
        { value: "a", series: 2 },
        { value: "b", series: 1 },
      ],
    },
  ]));

it("has nothing to tell of series without labels", () => expect(summarizeLabels([{ __name__: "up" }, {}], 5)).toEqual([]));
