import { expect, it } from "vitest";
import { addFilters } from "./adhoc";

const FILTERS = [{ key: "job", operator: "=", value: "a" }, { key: "z", operator: "strange", value: "b" }];

it.each([
  ["up", 'up{job="a"}'],
  ['sum(rate(x{b="{}"}[5m])) / sum by (b) (y{})', 'sum(rate(x{b="{}",job="a"}[5m])) / sum by (b) (y{job="a"})'],
  ['{__name__="x",} offset 5m', '{__name__="x",job="a"} offset 5m'],
  ["1 + 1", "1 + 1"],
])("%s", async (expr, expected) => expect(await addFilters(expr, FILTERS)).toBe(expected));
