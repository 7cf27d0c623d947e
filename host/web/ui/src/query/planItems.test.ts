import { describe, expect, it } from "vitest";
import type { Explanation, PlanActual, PlanNode } from "../queryApi";
import { planItems, selectsNothing, toPlanTree } from "./planItems";

const ESTIMATE = { series: 2, samples: 20, rows: 2, heldBytes: 0 };

const QUERY = 'sum(a{b="ü"} + c)';

function took(seconds: number): PlanActual {
  return { rows: 1, values: 1, bytes: 8, samples: 10, seconds };
}

function node(operator: string, text: string, inputs: PlanNode[], actual?: PlanActual): PlanNode {
  const before = QUERY.slice(0, QUERY.indexOf(text));
  const start = new TextEncoder().encode(before).length;
  const end = start + new TextEncoder().encode(text).length;
  const shared = { operator, detail: "", query: text, position: { start, end }, steps: 1, estimate: ESTIMATE, inputs };
  return actual ? { ...shared, actual } : shared;
}

function explanation(plan: PlanNode): Explanation {
  return { query: QUERY, estimate: ESTIMATE, memoryLimitBytes: 1024, isWithinMemoryLimit: true, plan };
}

const measured = explanation(
  node(
    "Aggregate",
    QUERY,
    [
      node(
        "Join",
        'a{b="ü"} + c',
        [node("Select", 'a{b="ü"}', [], took(0.5)), node("Select", "c", [], took(0.2))],
        took(0.8),
      ),
    ],
    took(1),
  ),
);

describe("the tree of a plan", () => {
  it("tells the time of each operator from that of its inputs", () => {
    const items = [...planItems(toPlanTree(measured)).values()];
    expect(items.map(({ id, operator, share }) => [id, operator, Number(share?.toFixed(3))])).toEqual([
      ["0", "Aggregate", 0.2],
      ["0.0", "Join", 0.1],
      ["0.0.0", "Select", 0.5],
      ["0.0.1", "Select", 0.2],
    ]);
  });

  it("never shows a negative time", () => {
    const root = toPlanTree(explanation(node("Sort", QUERY, [node("Select", "c", [], took(0.2))], took(0.1))));
    expect(root.ownSeconds).toBe(0);
    expect(root.inputs[0]?.share).toBe(1);
  });

  it("finds each part of the query behind letters of several bytes", () => {
    const parts = [...planItems(toPlanTree(measured)).values()].map(({ from, to }) => QUERY.slice(from, to));
    expect(parts).toEqual([QUERY, 'a{b="ü"} + c', 'a{b="ü"}', "c"]);
  });

  it("has no times before the query was run, nor where an operator is not measured", () => {
    const plain = toPlanTree(explanation(node("Scalar", QUERY, [node("Select", "c", [])])));
    expect([plain.ownSeconds, plain.share, plain.actual]).toEqual([null, null, null]);
    const mixed = toPlanTree(explanation(node("Scalar", QUERY, [node("Select", "c", [], took(0))])));
    expect([mixed.share, mixed.inputs[0]?.share]).toEqual([null, 0]);
  });
});

it("says so when a query looks series up and finds none", () => {
  const empty = { ...ESTIMATE, series: 0 };
  expect(selectsNothing({ ...measured, estimate: empty })).toBe(true);
  expect(selectsNothing(measured)).toBe(false);
  expect(selectsNothing({ ...explanation(node("Scalar", QUERY, [])), estimate: empty })).toBe(false);
});
