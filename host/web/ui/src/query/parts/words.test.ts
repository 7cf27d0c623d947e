import { expect, it } from "vitest";
import type { ExprNode } from "../../promql/ast";
import trees from "../../promql/trees.json";
import { describe as wordsOf, matcherTexts, titleOf } from "./words";

function node(expr: string): ExprNode {
  const found = (trees as unknown as { expr: string; tree: ExprNode }[]).find((each) => each.expr === expr);
  if (!found) throw new Error(`no tree of ${expr}`);
  return found.tree;
}

function argument(expr: string): ExprNode {
  const call = node(expr);
  const arg = call.type === "call" ? call.args[0] : undefined;
  if (!arg) throw new Error(`${expr} is no call`);
  return arg;
}

it.each([
  ["up", /^The newest sample of each series, as of the time of evaluation\./],
  ["up @ 12.5 offset -5m", /, 5m after 1970-01-01 00:00:12\.500\./],
  ["a[(5m + 1m) * 2:step() + 1s] offset min_of(1m, -2m)", /step of step\(\) \+ 1s of the \(5m \+ 1m\) \* 2 before a moment; the moment is min_of\(1m, -2m\) before the time/],
  ["a[5m] anchored", /^All samples of the 5m before .* begins with the sample before it/],
  ["sum without () (a)", /^Adds up the values of those series that are alike in all labels\.$/],
  ['topk by (x, "y.z") (2, a)', /^Keeps the 2 series with the largest values of those series that are alike in x and "y\.z"\.$/],
  ['count_values("v", a)', /which becomes the label "v", of all series together\.$/],
  ["a == bool ignoring (x) b", /^Gives 1 where the left value == the right, else 0\. Partners are alike in all labels but x\. Each has one/],
  ["a + fill_left(1) fill_right(-2) b", /A missing right is taken for -2\. A missing left is taken for 1\.$/],
  ['a / on () group_left ("x.y") b', /all partners of each other\. Many on the left .* Results take "x\.y" from the side with one\.$/],
  ["a and b", /^Keeps series of the left that have a partner on the right\. Partners are alike in all labels\.$/],
  ["(a + 1) * +Inf", /^Multiplies both values\. One side is a single number\.$/],
])("says what %s does", (expr, expected) => expect(wordsOf(node(expr), "utc")).toMatch(expected));

it("says where a range at the start of a graph stands", () =>
  expect(wordsOf(argument("rate(a[5m] @ start() offset 1w1d)"), "utc")).toMatch(/the moment is 8d before the start of the graph/));

it("says which series are taken", () => {
  const selector = node('{__name__=~"a.*", "x.y"!~"z"}');
  expect(selector.type === "vectorSelector" && matcherTexts(selector)).toEqual([
    'The name of the metric matches, as a whole, "a.*".',
    'The label "x.y" does not match, as a whole, "z".',
  ]);
  expect(titleOf(selector)).toBe("Selector");
});
