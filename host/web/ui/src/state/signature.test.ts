import { expect, it } from "vitest";
import { withComment } from "./signature";

it("keeps the newest comments, each once", () => {
  expect(withComment(["a", "b"], " b ")).toEqual(["b", "a"]);
  expect(withComment(["a"], " ")).toEqual(["a"]);
  expect(withComment(Array.from({ length: 10 }, (_, index) => `c${index}`), "new")).toHaveLength(10);
});
