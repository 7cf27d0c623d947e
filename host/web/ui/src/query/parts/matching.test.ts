import { describe, expect, it } from "vitest";
import type { InstantSample, Labels } from "../../api";
import type { BinaryExpr, Matching } from "../../promql/ast";
import { becomes, countGroups, matchGroups } from "./matching";

const ONE_TO_ONE: Matching = { card: "one-to-one", labels: [], on: false, include: [], fillValues: { lhs: null, rhs: null } };

const sample = (metric: Labels): InstantSample => ({ metric, value: [0, "1"] });
const groups = (matching: Partial<Matching>, left: Labels[], right: Labels[]) =>
  matchGroups({ ...ONE_TO_ONE, ...matching }, left.map(sample), right.map(sample));
const shown = (...args: Parameters<typeof groups>) =>
  groups(...args).map((group) => [group.state, group.labels, group.left.length, group.right.length]);

describe("matchGroups", () => {
  it("matches by all labels but the name of the metric", () =>
    expect(shown({}, [{ __name__: "a", i: "1" }], [{ __name__: "b", i: "1" }])).toEqual([["matched", { i: "1" }, 1, 1]]));

  it("matches on some labels, and on all but some", () => {
    expect(shown({ on: true, labels: ["i"] }, [{ i: "1", x: "a" }], [{ i: "1", x: "b" }])).toEqual([["matched", { i: "1" }, 1, 1]]);
    expect(shown({ labels: ["x"] }, [{ i: "1", x: "a" }], [{ i: "1", x: "b" }])).toEqual([["matched", { i: "1" }, 1, 1]]);
    expect(shown({ on: true, labels: ["__name__"] }, [{ __name__: "a" }], [{ __name__: "b" }])).toHaveLength(2);
  });

  it("takes an empty label for none, in whatever order labels come", () =>
    expect(shown({}, [{ b: "2", a: "1", c: "" }], [{ a: "1", b: "2" }])).toEqual([["matched", { a: "1", b: "2" }, 1, 1]]));

  it("puts what cannot be computed first, then what has no partner", () => {
    const found = groups({}, [{ i: "m" }, { i: "l" }, { i: "two" }, { i: "two", __name__: "x" }], [{ i: "m" }, { i: "r" }, { i: "two" }]);
    expect(found.map((group) => group.state)).toEqual(["ambiguous", "left only", "right only", "matched"]);
    expect(countGroups(found)).toEqual({ ambiguous: 1, "left only": 1, "right only": 1, matched: 1 });
  });

  it("allows many on the side that is said to have them", () => {
    const [one, two] = [{ i: "1" }, { i: "1", __name__: "x" }];
    expect(shown({ card: "many-to-one" }, [one, two], [one])).toEqual([["matched", { i: "1" }, 2, 1]]);
    expect(shown({ card: "many-to-one" }, [one], [one, two])).toEqual([["ambiguous", { i: "1" }, 1, 2]]);
    expect(shown({ card: "one-to-many" }, [one, two], [one])).toEqual([["ambiguous", { i: "1" }, 2, 1]]);
    expect(shown({ card: "many-to-many" }, [one, two], [one, two])).toEqual([["matched", { i: "1" }, 2, 2]]);
  });

  it("allows many on the left that have no partner, as the host does", () => {
    const [one, two] = [{ i: "1" }, { i: "1", __name__: "x" }];
    const other = { i: "2" };
    expect(shown({}, [one, two], [other])).toEqual([
      ["left only", { i: "1" }, 2, 0],
      ["right only", { i: "2" }, 0, 1],
    ]);
    expect(shown({}, [other], [one, two])).toEqual([
      ["ambiguous", { i: "1" }, 0, 2],
      ["left only", { i: "2" }, 1, 0],
    ]);
    expect(shown({ fillValues: { lhs: null, rhs: 0 } }, [one, two], [other])[0]).toEqual(["ambiguous", { i: "1" }, 2, 0]);
  });

  it("refuses nothing where one side has no series at all", () => {
    const [one, two] = [{ i: "1" }, { i: "1", __name__: "x" }];
    expect(shown({}, [], [one, two])).toEqual([["right only", { i: "1" }, 0, 2]]);
    expect(shown({}, [one, two], [])).toEqual([["left only", { i: "1" }, 2, 0]]);
  });
});

describe("becomes", () => {
  const literal = { type: "numberLiteral", val: "1" } as const;
  const node = (op: string, bool = false, fill: Matching["fillValues"] = { lhs: null, rhs: null }): BinaryExpr => {
    const card = ["and", "or", "unless"].includes(op) ? "many-to-many" : "one-to-one";
    return { type: "binaryExpr", op, lhs: literal, rhs: literal, matching: { ...ONE_TO_ONE, card, fillValues: fill }, bool };
  };
  const all = (expr: BinaryExpr) =>
    matchGroups(expr.matching ?? ONE_TO_ONE, ["l", "m"].map((i) => sample({ i })), ["m", "r"].map((i) => sample({ i }))).map((group) =>
      becomes(expr, group),
    );

  it.each([
    [node("+"), ["no result", "no result", "1 result"]],
    [node(">"), ["no result", "no result", "1 result where the comparison holds"]],
    [node(">", true), ["no result", "no result", "1 result"]],
    [node("and"), ["no result", "no result", "1 result"]],
    [node("or"), ["1 result", "1 result", "1 result"]],
    [node("unless"), ["1 result", "no result", "no result"]],
    [node("-", false, { lhs: 0, rhs: null }), ["no result", "1 result, the left filled with 0", "1 result"]],
  ])("tells what comes of series without a partner and with one (%#)", (expr, expected) => expect(all(expr)).toEqual(expected));
});
