import { expect, it } from "vitest";
import { readVariables } from "../read/variables";
import { resolveVariables } from "../variables/resolve";
import { boundedChoices, choicesOf } from "./choices";

const RANGE = { fromMs: 0, toMs: 3_600_000 };

async function choices(json: object, chosen: string[], ask: () => Promise<string[]> = () => Promise.resolve(["a", "b"])) {
  const variables = readVariables({ list: [{ name: "v", ...json }] });
  const { list } = await resolveVariables(variables, new Map([["v", chosen]]), RANGE, ask);
  const [resolved] = list;
  if (!resolved) throw new Error("no variable");
  const found = choicesOf(resolved);
  return { values: found.choices.map((each) => each.value), chosen: found.chosen };
}

it("offers all, and what there is", async () =>
  expect(await choices({ type: "query", query: "label_values(x)", includeAll: true }, ["b"])).toEqual({ values: ["$__all", "a", "b"], chosen: ["b"] }));

it("keeps what is chosen in the list while nobody knows what there is", async () =>
  expect(await choices({ type: "query", query: "label_values(x)" }, ["c"], () => Promise.reject(new Error("no")))).toEqual({ values: ["c"], chosen: ["c"] }));

it("has auto for what it comes to", async () =>
  expect(await choices({ type: "interval", query: "1m,5m", auto: true }, ["$__auto_interval_v"])).toEqual({
    values: ["$__auto_interval_v", "1m", "5m"], chosen: ["$__auto_interval_v"],
  }));

it("names nothing twice, which a list could not show", async () =>
  expect((await choices({ type: "custom", query: "a,a,b", multi: true }, ["a"])).values).toEqual(["a", "b"]));

it("says how many a long list leaves out", () => {
  const many = Array.from({ length: 700 }, (_, index) => ({ value: `n${index}`, label: `Node ${index}` }));
  const bounded = boundedChoices(many, "");
  expect(bounded).toHaveLength(501);
  expect(bounded.at(-1)).toMatchObject({ label: "200 more: type a part of their name", disabled: true });
  expect(boundedChoices(many, " node 699 ").map((each) => each.value)).toEqual(["n699"]);
});
