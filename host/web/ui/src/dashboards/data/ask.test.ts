import { afterEach, describe, expect, it, vi } from "vitest";
import { askPanel } from "./ask";
import type { PanelQuery } from "./queries";

const query = (refId: string): PanelQuery => ({
  refId, expr: refId, legend: "", isInstant: false, format: "time_series", stepMs: 15_000, startMs: 0, endMs: 15_000,
});
const matrix = (...names: string[]) =>
  ({ resultType: "matrix", result: names.map((name) => ({ metric: { name }, values: [[0, "1"]] })) });

/** A host that answers by the expression; undefined is a connection that breaks. */
function answerWith(answers: Record<string, object | undefined>) {
  vi.stubGlobal("document", { baseURI: "http://host/" });
  vi.stubGlobal("fetch", async (_url: string, init: { body: URLSearchParams }) => {
    const answer = answers[init.body.get("query") ?? ""];
    if (!answer) throw new TypeError("connection refused");
    return new Response(JSON.stringify("resultType" in answer ? { status: "success", data: answer } : { status: "error", ...answer }));
  });
}

const ask = (...refIds: string[]) => askPanel(refIds.map(query), new AbortController().signal);

describe("askPanel", () => {
  afterEach(() => vi.unstubAllGlobals());

  it("shows what answered beside what failed", async () => {
    answerWith({ A: matrix("a"), B: { errorType: "execution", error: "too many samples" } });
    const { data } = await ask("A", "B", "C");
    expect(data.series.map((each) => each.refId)).toEqual(["A"]);
    expect(data.errors).toEqual([
      { refId: "B", message: "too many samples", isTransient: false },
      { refId: "C", message: "The host cannot be reached.", isTransient: true },
    ]);
    expect(data.queries.map((each) => each.refId)).toEqual(["A", "B", "C"]);
  });

  it("fails as a whole where the host is away, so that it is asked again", async () => {
    answerWith({});
    await expect(ask("A", "B")).rejects.toMatchObject({ kind: "unreachable" });
  });

  it("keeps errors that stay", async () => {
    answerWith({ A: { error: "bad" }, B: { error: "worse" } });
    expect((await ask("A", "B")).data.errors.map((each) => each.message)).toEqual(["bad", "worse"]);
  });

  it("takes all series of an answer", async () => {
    answerWith({ A: matrix(...Array.from({ length: 2_000 }, (_, index) => `s${index}`)) });
    expect((await ask("A")).data.series).toHaveLength(2_000);
  });
});
