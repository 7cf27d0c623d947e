import { CompletionContext, type CompletionResult } from "@codemirror/autocomplete";
import { EditorState } from "@codemirror/state";
import { LanguageType, promQLLanguage } from "@prometheus-io/codemirror-promql";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Search, Searched, SearchTerms } from "../searchApi";

const search = vi.hoisted(() => vi.fn());
vi.mock("../searchApi", () => ({ search }));

const { searchingCompletion } = await import("./completion");

/** What the host was asked for. */
let asked: { what: Searched; terms: SearchTerms }[];

function hostHas(answer: Partial<Search>) {
  search.mockImplementation((what: Searched, terms: SearchTerms) => {
    asked.push({ what, terms });
    return Promise.resolve({ found: [], hasMore: false, ...answer });
  });
}

beforeEach(() => {
  asked = [];
  search.mockReset();
});

/** Completes where the text has a bar. */
async function complete(text: string): Promise<CompletionResult> {
  const pos = text.indexOf("|");
  const doc = text.slice(0, pos) + text.slice(pos + 1);
  const state = EditorState.create({ doc, extensions: [promQLLanguage(LanguageType.PromQL)] });
  const result = await searchingCompletion.promQL(new CompletionContext(state, pos, true));
  if (!result) throw new Error(`nothing is offered in ${text}`);
  return result;
}

/** What becomes of the text when the option is taken. */
async function taken(text: string, label: string): Promise<string> {
  const result = await complete(text);
  const option = result.options.find((each) => each.label === label);
  if (!option) throw new Error(`${label} is not offered in ${text}`);
  const plain = text.replace("|", "");
  const inserted = typeof option.apply === "string" ? option.apply : option.label;
  return plain.slice(0, result.from) + inserted + plain.slice(result.to ?? text.indexOf("|"));
}

describe("searchingCompletion", () => {
  it("asks for the metrics of what is typed, with what is known of them", async () => {
    hostHas({ found: [{ name: "node_load1", type: "gauge", help: "The load." }] });
    const { options } = await complete("sum(node_lo|)");
    expect(asked).toMatchObject([{ what: { of: "metrics" }, terms: { typed: "node_lo", selector: null } }]);
    expect(options.find((each) => each.label === "node_load1")).toMatchObject({ detail: "gauge", info: "The load." });
  });

  it("asks for labels and values of the series that are selected", async () => {
    hostHas({ found: [{ name: "x" }] });
    await complete("up{jo|}");
    await complete('up{job="a", "b.c"="d", instance=~"12|"}');
    expect(asked).toMatchObject([
      { what: { of: "labels" }, terms: { typed: "jo", selector: "up" } },
      { what: { of: "values", label: "instance" }, terms: { typed: "12", selector: 'up{job="a"}' } },
    ]);
  });

  it("searches anew for every letter while there is more than was told", async () => {
    hostHas({ found: [{ name: "many_1" }], hasMore: true });
    expect((await complete("many_|")).validFor).toBeUndefined();
    hostHas({ found: [{ name: "few_1" }] });
    expect((await complete("few_|")).validFor).toBeDefined();
  });

  it("asks the same once", async () => {
    hostHas({ found: [{ name: "once" }] });
    await complete("onc|");
    await complete("onc|");
    expect(asked).toHaveLength(1);
  });

  it("offers what it knows without the host, and asks again", async () => {
    search.mockRejectedValue(new Error("gone"));
    const result = await complete("rat|");
    expect(result.options.map((each) => each.label)).toContain("rate");
    expect(result.validFor).toBeUndefined();
  });

  it("puts names in quotes where they need them", async () => {
    hostHas({ found: [{ name: "http.server" }, { name: "service.name" }] });
    expect(await taken("sum(htt|)", "http.server")).toBe('sum({"http.server"})');
    expect(await taken('{"http.se|"}', "http.server")).toBe('{"http.server"}');
    expect(await taken("up{serv|}", "service.name")).toBe('up{"service.name"}');
  });
});
