import { expect, it } from "vitest";
import { labelCosts } from "./labels";

it("joins values and bytes of a label", () =>
  expect(
    labelCosts({
      headStats: {},
      seriesCountByMetricName: [],
      seriesCountByLabelValuePair: [],
      labelValueCountByLabelName: [{ name: "le", value: 30 }],
      memoryInBytesByLabelName: [
        { name: "path", value: 9000 },
        { name: "le", value: 120 },
      ],
    }),
  ).toEqual([
    { name: "le", values: 30, bytes: 120 },
    { name: "path", values: null, bytes: 9000 },
  ]));
