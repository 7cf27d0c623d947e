import { describe, expect, it } from "vitest";
import { ApiError } from "../../api";
import type { Variable } from "../model";
import { readVariables } from "../read/variables";
import type { VariableQuery } from "./query";
import { inOrder, resolveVariables } from "./resolve";
import { interpolate } from "./scope";

const RANGE = { fromMs: 0, toMs: 3_600_000 };

function variables(...list: object[]): Variable[] {
  return readVariables({ list });
}

const CHAIN = variables(
  { type: "query", name: "node", query: { query: 'label_values(up{job="$job"}, instance)' }, includeAll: true, multi: true },
  { type: "query", name: "job", query: "label_values(up, job)", current: { value: "gone" } },
);

async function ask(query: VariableQuery): Promise<string[]> {
  if (query.type !== "labelValues") return [];
  if (query.label === "job") return ["api", "node"];
  return query.selector.includes("node") ? ["n1", "n2"] : ["a1"];
}

const resolve = (list: Variable[], choices: [string, string[]][] = []) => resolveVariables(list, new Map(choices), RANGE, ask);

describe("resolveVariables", () => {
  it("asks in the order of dependence and keeps the order of the page", async () => {
    const { list, scope } = await resolve(CHAIN);
    expect(list.map((each) => each.variable.name)).toEqual(["node", "job"]);
    expect(interpolate('up{job="$job",instance=~"$node"}', scope)).toBe('up{job="api",instance=~"a1"}');
  });

  it("keeps what is chosen, and drops what is gone", async () => {
    const { scope } = await resolve(CHAIN, [["job", ["node"]], ["node", ["n2", "a1"]]]);
    expect(scope.get("node")?.values).toEqual(["n2"]);
  });

  it("knows all", async () => {
    const { scope } = await resolve(CHAIN, [["job", ["node"]], ["node", ["$__all"]]]);
    expect(scope.get("node")).toMatchObject({ values: ["n1", "n2"], isAll: true });
  });

  it("offers all first where it is offered", async () =>
    expect((await resolve(CHAIN)).scope.get("node")?.isAll).toBe(true));

  it("says why there are no options, and keeps what is chosen", async () => {
    const fail = () => Promise.reject(new Error("too many"));
    const { list, scope } = await resolveVariables(CHAIN, new Map([["job", ["api"]]]), RANGE, fail);
    expect(list[0]).toMatchObject({ options: [], error: "too many" });
    expect(interpolate('up{job="$job",instance=~"$node"}', scope)).toBe('up{job="api",instance=~".*"}');
    const { scope: chosen } = await resolveVariables(CHAIN, new Map([["node", ["n1", "n2"]]]), RANGE, fail);
    expect(interpolate('up{job="$job",instance=~"$node"}', chosen)).toBe('up{job="gone",instance=~"(n1|n2)"}');
  });

  it("has no values while the host is away, so that it is asked again", async () => {
    const away = new ApiError("unreachable", "The host cannot be reached.");
    await expect(resolveVariables(CHAIN, new Map(), RANGE, () => Promise.reject(away))).rejects.toBe(away);
  });

  it("knows lists, texts, constants, sources and intervals", async () => {
    const { scope, list } = await resolve(
      variables(
        { type: "custom", name: "size", query: "small : 1, large : 9", current: { value: "9" } },
        { type: "textbox", name: "word", query: "abc" },
        { type: "constant", name: "fixed", query: "42" },
        { type: "datasource", name: "ds", query: "prometheus" },
        { type: "interval", name: "every", query: "1m,5m", auto: true, auto_count: 30, auto_min: "10s" },
      ),
      [["word", ["xyz"]]],
    );
    expect(interpolate("$size $word $fixed $ds $every", scope)).toBe("9 xyz 42 prometheus 2m");
    expect(list.map((each) => each.variable.isHidden)).toEqual([false, false, true, false, false]);
  });

  it("reads filters from the address", async () => {
    const { filters } = await resolve(variables({ type: "adhoc", name: "filters", filters: [{ key: "a", operator: "=", value: "b" }] }), [
      ["filters", ["job|=~|x|y", "broken"]],
    ]);
    expect(filters).toEqual([{ key: "job", operator: "=~", value: "x|y" }]);
  });
});

it("asks at once what waits for the same", () => {
  const names = inOrder(variables(
    { type: "query", name: "a", query: "label_values(x)" },
    { type: "query", name: "b", query: "label_values(y{x=\"$a\"}, b)" },
    { type: "custom", name: "c", query: "1,2" },
    { type: "query", name: "d", query: "label_values(y{x=\"$a\"}, d)" },
  )).map((group) => group.map((each) => each.name));
  expect(names).toEqual([["a", "c"], ["b", "d"]]);
});

it("survives a circle", () => {
  const circle = variables({ type: "query", name: "a", query: "label_values(x{b=\"$b\"}, a)" }, { type: "query", name: "b", query: "label_values(x{a=\"$a\"}, b)" });
  expect(inOrder(circle).flat().map((each) => each.name)).toEqual(["a", "b"]);
});
