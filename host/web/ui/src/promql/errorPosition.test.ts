import { expect, it } from "vitest";
import { findErrorPosition } from "./errorPosition";

it("finds the position in the API's message", () =>
  expect(findErrorPosition('invalid parameter "query": 1:5: parse error: unexpected "}"', "sum(}")).toEqual({
    offset: 4,
    line: "sum(}",
    column: 4,
    lineNumber: 0,
    message: 'parse error: unexpected "}"',
  }));

it("counts lines", () =>
  expect(findErrorPosition("2:3: parse error", "sum(\n  +)")).toMatchObject({ offset: 7, line: "  +)", column: 2, lineNumber: 1 }));

it("turns bytes into characters", () =>
  expect(findErrorPosition("1:12: parse error", '{a="ü😀"} +')).toMatchObject({ column: 8 }));

it("accepts the end of the expression", () =>
  expect(findErrorPosition("1:4: parse error: unexpected end of input", "sum")).toMatchObject({ offset: 3, column: 3 }));

it.each(["query timed out", "1:99: parse error", "7:1: parse error", "at 12:30:00 something"])(
  "finds none in %j",
  (error) => expect(findErrorPosition(error, "up")).toBeNull(),
);
