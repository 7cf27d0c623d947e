import { expect, it } from "vitest";
import { retryDelay } from "./useRequest";

it("waits longer after each failure, up to a bound", () =>
  expect([1, 2, 3, 4, 100].map(retryDelay)).toEqual([2_000, 4_000, 8_000, 15_000, 15_000]));
