import { describe, expect, it } from "vitest";
import { ApiError, type Answer, type QueryData } from "../../api";
import type { ExprNode } from "../../promql/ast";
import trees from "../../promql/trees.json";
import { flatten, partsOf, RESULTS_MAX, runParts, summaryOf, type Outcome, type Part } from "./parts";

function partsOfText(expr: string): Part {
  const found = (trees as unknown as { expr: string; tree: ExprNode }[]).find((each) => each.expr === expr);
  if (!found) throw new Error(`no tree of ${expr}`);
  return partsOf(found.tree);
}

function vector(...metrics: Record<string, string>[]): QueryData {
  return { resultType: "vector", result: metrics.map((metric) => ({ metric, value: [0, "1"] })) };
}

function answer(data: QueryData): Answer<QueryData> {
  return { data, warnings: [], infos: [] };
}

describe("partsOf", () => {
  const shown = (expr: string) => flatten(partsOfText(expr)).map((part) => `${part.id} ${part.title}`);

  it("leaves literals in the title above them", () =>
    expect(shown('topk by (x, "y.z") (2, a)')).toEqual(['0 topk by (x, "y.z") (2, …)', "0.0 a"]));

  it("keeps both sides of an operator", () =>
    expect(shown("a / on () group_left (\"x.y\") b")).toEqual(['0 … / on () group_left ("x.y") …', "0.0 a", "0.1 b"]));

  it("asks a range for its newest samples, and for no modes that this cannot have", () => {
    expect(partsOfText("a[5m] anchored").query).toBe("last_over_time(a[5m])");
    expect(partsOfText("rate(a[1m])[5m:]").query).toBe("last_over_time(rate(a[1m])[5m:])");
    expect(partsOfText("a smoothed offset 3m").query).toBe("a smoothed offset 3m");
  });
});

describe("runParts", () => {
  async function run(expr: string, ask: (query: string) => Promise<Answer<QueryData>>) {
    const told: string[] = [];
    const last = new Map<string, Outcome>();
    await runParts(
      partsOfText(expr),
      ask,
      (id, outcome) => {
        told.push(`${id} ${outcome.state}`);
        last.set(id, outcome);
      },
      new AbortController().signal,
    );
    return { told, last };
  }

  it("runs what is below first", async () => {
    const { told } = await run("(a + 1) * +Inf", () => Promise.resolve(answer(vector({}))));
    expect(told).toEqual(["0.0.0.0", "0.0.0", "0.0", "0"].flatMap((id) => [`${id} running`, `${id} done`]));
  });

  it("does not run what stands on a part that failed, and runs the rest", async () => {
    const ask = (query: string) =>
      query === "a" ? Promise.reject(new ApiError("host", "too many samples", "execution")) : Promise.resolve(answer(vector({})));
    const { last } = await run("a and b", ask);
    expect([...last].map(([id, outcome]) => `${id} ${outcome.state}`).sort()).toEqual(["0 blocked", "0.0 failed", "0.1 done"]);
  });

  it("says when it looks at a part of the results only", async () => {
    const many = Array.from({ length: RESULTS_MAX + 1 }, (_, index) => ({ i: String(index) }));
    const { last } = await run("up", () => Promise.resolve(answer(vector(...many))));
    expect(last.get("0")).toMatchObject({ isCut: true, summary: { results: RESULTS_MAX } });
  });

  it("tells nothing more once it is given up", async () => {
    const abort = new AbortController();
    const told: string[] = [];
    const ask = () => {
      abort.abort();
      return Promise.resolve(answer(vector({})));
    };
    await runParts(partsOfText("a and b"), ask, (id, { state }) => told.push(`${id} ${state}`), abort.signal);
    expect(told).toEqual(["0.0 running"]);
  });
});

describe("summaryOf", () => {
  it("counts results, and values of their labels", () =>
    expect(summaryOf(vector({ i: "1" }, { i: "2" }))).toMatchObject({ results: 2, labels: [{ name: "i", values: 2 }] }));

  it("takes a scalar for one result", () =>
    expect(summaryOf({ resultType: "scalar", result: [0, "7"] })).toEqual({ results: 1, labels: [] }));
});
