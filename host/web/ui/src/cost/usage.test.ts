import { expect, it } from "vitest";
import { usageOf } from "./usage";

it("counts each text once, and whole names only", () => {
  const usage = usageOf(["rate(http_total[5m]) / http_total"], ["http_total", "http_total_bucket", 'up{job="http_total"}']);
  expect(usage.get("http_total")).toEqual({ rules: 1, queries: 2 });
  expect(usage.get("http_total_bucket")).toEqual({ rules: 0, queries: 1 });
  expect(usage.get("http")).toBeUndefined();
});

it("sees quoted names", () => expect(usageOf(['{"my.metric", job="a"}'], []).get("my.metric")?.rules).toBe(1));
