import { describe, expect, it } from "vitest";
import { childrenOf, isLiteral, valueTypeOf, type ExprNode } from "./ast";
import { printExpr, printNode } from "./print";
import trees from "./trees.json";

/** What the host's /api/v1/parse_query makes of expressions that are written as we print them. */
const TREES = trees as unknown as { expr: string; tree: ExprNode }[];

function treeOf(expr: string): ExprNode {
  const found = TREES.find((each) => each.expr === expr);
  if (!found) throw new Error(`no tree of ${expr}`);
  return found.tree;
}

describe("printExpr", () => {
  const written: Record<string, string> = {
    'a / on () group_left ("x.y") b': 'a / on () group_left ("x.y") b',
    "a + fill_left(1) fill_right(-2) b": "a + fill_left (1) fill_right (-2) b",
    "up @ 12.5 offset -5m": "up @ 12.500 offset -5m",
    "rate(a[5m] @ start() offset 1w1d)": "rate(a[5m] @ start() offset 8d)",
  };

  it.each(TREES.map((each) => each.expr))("prints %s", (expr) => expect(printExpr(treeOf(expr))).toBe(written[expr] ?? expr));
});

it("prints one node of a tree", () => {
  const head = (expr: string) => printNode(treeOf(expr), (child) => (isLiteral(child) ? printExpr(child) : "…"));
  expect(head("topk by (x, \"y.z\") (2, a)")).toBe('topk by (x, "y.z") (2, …)');
  expect(head("(a + 1) * +Inf")).toBe("… * +Inf");
  expect(head("rate(a[1m])[5m:]")).toBe("…[5m:]");
});

it("knows what expressions are below one, and what kind of value comes of it", () => {
  expect(childrenOf(treeOf("topk by (x, \"y.z\") (2, a)")).map(printExpr)).toEqual(["2", "a"]);
  expect(["up", "a[range()]", "rate(a[1m])[5m:]", "(a + 1) * +Inf", "time() - 0.25", "-a ^ 2"].map((expr) => valueTypeOf(treeOf(expr)))).toEqual([
    "vector",
    "matrix",
    "matrix",
    "vector",
    "scalar",
    "vector",
  ]);
});
