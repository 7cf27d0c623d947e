import { expect, it } from "vitest";
import { foldedNames } from "./folding";

it("folds away what discovery tells besides before anything else", () => {
  const labels = { __address__: "a", __meta_b: "b", __meta_a: "a", job: "j" };
  expect(foldedNames(labels, 3)).toEqual(["__meta_b"]);
  expect(foldedNames(labels, 1)).toEqual(["job", "__meta_a", "__meta_b"]);
  expect(foldedNames(labels, 4)).toEqual([]);
});
