import { expect, it } from "vitest";
import { ENDS, OTHER_END, endOf } from "./ends";

it("ends with the alert, or after a duration", () => {
  expect(endOf("", "", 1_000)).toBe("never");
  expect(endOf("1h", "", 1_000)).toBe(3_601_000);
  expect(endOf(OTHER_END, "2m", 1_000)).toBe(121_000);
});

it("waits for a duration", () => {
  for (const typed of ["", "soon", "0s"]) expect(endOf(OTHER_END, typed, 0)).toBeNull();
});

it("knows the end of every choice", () => {
  for (const { value } of ENDS) expect(endOf(value, "1h", 0)).not.toBeNull();
});
